// Rows that hold at a revision and ended since, by ci_id.
// Parameters: $values; $revision. Returns: the columns.
UNWIND $values AS value
MATCH (n:EndedSourceRecord {ci_id: value}) WHERE n.since <= $revision AND n.until > $revision
RETURN n.source_id AS source_id, n.source_key AS source_key, n.ci_id AS ci_id, n.content_hash AS content_hash, n.payload AS payload
