// Remember the highest fencing token.
// Parameters: $fence. Returns: nothing.
MATCH (l:Ledger {one: 1})
SET l.locked = true
REMOVE l.locked
WITH l
WHERE l.fence < $fence
SET l.fence = $fence
