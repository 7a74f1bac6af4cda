// Rows of one identity that hold at one time: none in a sound ledger.
// Parameters: none. Returns: count.
MATCH (n:EndedSourceRecord), (m:SourceRecord {source_id: n.source_id, source_key: n.source_key}) WHERE n.until > m.since OR n.until <= n.since
RETURN count(n) AS count
