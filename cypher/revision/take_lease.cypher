// Remember the highest fencing token.
// Parameters: $fence. Returns: nothing.
MATCH (l:Ledger {one: 1}) WHERE l.fence < $fence
SET l.fence = $fence
