// Rows that begin with a revision.
// Parameters: one list a column; $revision. Returns: nothing.
UNWIND range(0, size($source_id) - 1) AS i
CREATE (:SourceRecord {
  source_id: $source_id[i],
  source_key: $source_key[i],
  ci_id: $ci_id[i],
  content_hash: $content_hash[i],
  payload: $payload[i],
  since: $revision
})
