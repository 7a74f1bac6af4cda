// Rows of one identity that hold at one time: none in a sound ledger.
// Parameters: none. Returns: count.
MATCH (n:CiState)<-[:WAS]-(c:ConfigurationItem) WHERE n.until > c.since OR n.until <= n.since
RETURN count(n) AS count
