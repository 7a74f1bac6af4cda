// Rows of one identity that hold at one time: none in a sound ledger.
// Parameters: none. Returns: count.
MATCH (n:EndedRedundancyGroup), (m:RedundancyGroup {group_id: n.group_id}) WHERE n.until > m.since OR n.until <= n.since
RETURN count(n) AS count
