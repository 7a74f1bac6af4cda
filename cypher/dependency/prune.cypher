// Forget dependencies that ended at or before a revision, a block at a time.
// Parameters: $revision; $limit. Returns: count.
MATCH ()-[d:DEPENDED_ON]->() WHERE d.until <= $revision
WITH d LIMIT $limit
DELETE d
RETURN count(*) AS count
