// Revisions below this one are no longer exact.
// Parameters: $revision. Returns: nothing.
MATCH (l:Ledger {one: 1}) WHERE l.horizon < $revision
SET l.horizon = $revision
