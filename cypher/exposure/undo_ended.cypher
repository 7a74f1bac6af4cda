// Rows ended by an abandoned revision hold again, a block at a time.
// Parameters: $revision; $limit. Returns: count and what is needed to link them again.
MATCH (n:EndedExposure {until: $revision})
WITH n LIMIT $limit
REMOVE n:EndedExposure, n.until
SET n:Exposure
RETURN count(n) AS count, collect(n.ci_id) AS ci_id, collect(n.source_id) AS source_id
