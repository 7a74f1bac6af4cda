// Rows of one identity that hold at one time: none in a sound ledger.
// Parameters: none. Returns: count.
MATCH (n:EndedOpenNeed), (m:OpenNeed {source_id: n.source_id, need_key: n.need_key}) WHERE n.until > m.since OR n.until <= n.since
RETURN count(n) AS count
