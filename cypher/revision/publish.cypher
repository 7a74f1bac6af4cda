// A pending revision is whole.
// Parameters: $revision; $at; $counters. Returns: one row or none.
MATCH (r:Revision {revision: $revision})
SET r.locked = true
REMOVE r.locked
WITH r
WHERE r.state = 'pending'
SET r.state = 'published', r.published_at = $at, r.counters = $counters
RETURN r.revision AS revision
