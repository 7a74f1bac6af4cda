// Revisions below this one are no longer exact.
// Parameters: $revision. Returns: nothing.
MATCH (l:Ledger {one: 1})
SET l.locked = true
REMOVE l.locked
WITH l
WHERE l.horizon < $revision
SET l.horizon = $revision
