// Take back rows that began with an abandoned revision, a block at a time.
// Parameters: $revision; $limit. Returns: count.
MATCH (n:OpenNeed {since: $revision})
WITH n LIMIT $limit
DETACH DELETE n
RETURN count(*) AS count
