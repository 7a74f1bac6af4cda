// Rows ended by an abandoned revision hold again, a block at a time.
// Parameters: $revision; $limit. Returns: count and what is needed to link them again.
MATCH (n:EndedSourceRecord {until: $revision})
WITH n LIMIT $limit
REMOVE n:EndedSourceRecord, n.until
SET n:SourceRecord
RETURN count(n) AS count, collect(n.source_id) AS source_id, collect(n.source_key) AS source_key
