// Forget rows that ended at or before a revision, a block at a time.
// Parameters: $revision; $limit. Returns: count.
MATCH (n:EndedOpenNeed) WHERE n.until <= $revision
WITH n LIMIT $limit
DETACH DELETE n
RETURN count(*) AS count
