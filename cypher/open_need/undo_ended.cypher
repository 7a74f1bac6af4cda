// Rows ended by an abandoned revision hold again, a block at a time.
// Parameters: $revision; $limit. Returns: count and what is needed to link them again.
MATCH (n:EndedOpenNeed {until: $revision})
WITH n LIMIT $limit
REMOVE n:EndedOpenNeed, n.until
SET n:OpenNeed
RETURN count(n) AS count, collect(n.source_id) AS source_id, collect(n.need_key) AS need_key
