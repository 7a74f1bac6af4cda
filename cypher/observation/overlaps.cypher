// Rows of one identity that hold at one time: none in a sound ledger.
// Parameters: none. Returns: count.
MATCH (n:EndedObservation), (m:Observation {source_id: n.source_id, scope: n.scope}) WHERE n.until > m.since OR n.until <= n.since
RETURN count(n) AS count
