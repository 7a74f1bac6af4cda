// Rows that hold at a revision and ended since; each overrides a current row of its identity.
// Parameters: $revision. Returns: the columns.
MATCH (n:EndedSourceRecord) WHERE n.until > $revision AND n.since <= $revision
RETURN n.source_id AS source_id, n.source_key AS source_key, n.ci_id AS ci_id, n.content_hash AS content_hash, n.payload AS payload
