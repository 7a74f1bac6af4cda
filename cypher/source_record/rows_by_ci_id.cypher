// Current rows that hold at a revision, by ci_id.
// Parameters: $values; $revision. Returns: the columns.
UNWIND $values AS value
MATCH (n:SourceRecord {ci_id: value}) WHERE n.since <= $revision
RETURN n.source_id AS source_id, n.source_key AS source_key, n.ci_id AS ci_id, n.content_hash AS content_hash, n.payload AS payload
