// Hold the ledger until the transaction ends.
// Parameters: none. Returns: revision, fence.
MATCH (l:Ledger {one: 1})
SET l.locked = true
REMOVE l.locked
RETURN l.revision AS revision, l.fence AS fence
