// Take back dependencies that began with an abandoned revision, a block at a time.
// Parameters: $revision; $limit. Returns: count.
MATCH ()-[d:DEPENDS_ON {since: $revision}]->()
WITH d LIMIT $limit
DELETE d
RETURN count(*) AS count
