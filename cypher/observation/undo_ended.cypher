// Rows ended by an abandoned revision hold again, a block at a time.
// Parameters: $revision; $limit. Returns: count and what is needed to link them again.
MATCH (n:EndedObservation {until: $revision})
WITH n LIMIT $limit
REMOVE n:EndedObservation, n.until
SET n:Observation
RETURN count(n) AS count, collect(n.source_id) AS source_id, collect(n.scope) AS scope
