// Readers move on; nothing is returned when somebody else moved it.
// Parameters: $revision; $base. Returns: one row or none.
MATCH (l:Ledger {one: 1})
SET l.locked = true
REMOVE l.locked
WITH l
WHERE l.revision = $base
SET l.revision = $revision
RETURN l.revision AS revision
