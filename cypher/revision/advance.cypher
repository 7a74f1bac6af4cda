// Count a write, or a part of one, exactly once (the lock first: what was read before it may be old): nothing is returned where it was applied before, does not follow, or
// the lease is another's.
// Parameters: $revision; $n; $part; $last; $fence. Returns: one row or none.
MATCH (r:Revision {revision: $revision})
SET r.locked = true
REMOVE r.locked
WITH r
MATCH (l:Ledger {one: 1})
WHERE r.state = 'pending' AND r.batches = $n - 1 AND r.parts = $part - 1 AND l.fence <= $fence
SET r.batches = CASE WHEN $last THEN $n ELSE r.batches END, r.parts = CASE WHEN $last THEN 0 ELSE $part END
RETURN r.batches AS batches
