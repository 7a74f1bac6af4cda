// Count a write, or a part of one, exactly once (the lock first: what was read before it may be old): nothing is returned where it was applied before or does not follow.
// Parameters: $revision; $n; $part; $last. Returns: one row or none.
MATCH (r:Revision {revision: $revision})
SET r.locked = true
REMOVE r.locked
WITH r
WHERE r.state = 'pending' AND r.batches = $n - 1 AND r.parts = $part - 1
SET r.batches = CASE WHEN $last THEN $n ELSE r.batches END, r.parts = CASE WHEN $last THEN 0 ELSE $part END
RETURN r.batches AS batches
