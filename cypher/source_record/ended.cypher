// Rows that hold at revision $a and not at $b.
// Parameters: $a; $b. Returns: the columns.
MATCH (n:EndedSourceRecord) WHERE n.until > $a AND n.until <= $b AND n.since <= $a
RETURN n.source_id AS source_id, n.source_key AS source_key, n.ci_id AS ci_id, n.content_hash AS content_hash, n.payload AS payload
