// Rows of one identity that hold at one time: none in a sound ledger.
// Parameters: none. Returns: count.
MATCH (n:EndedExposure), (m:Exposure {ci_id: n.ci_id, source_id: n.source_id}) WHERE n.until > m.since OR n.until <= n.since
RETURN count(n) AS count
