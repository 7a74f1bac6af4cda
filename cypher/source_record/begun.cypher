// Current rows that hold at revision $b and not at $a.
// Parameters: $a; $b. Returns: the columns.
MATCH (n:SourceRecord) WHERE n.since > $a AND n.since <= $b
RETURN n.source_id AS source_id, n.source_key AS source_key, n.ci_id AS ci_id, n.content_hash AS content_hash, n.payload AS payload
