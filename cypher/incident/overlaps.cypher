// Rows of one identity that hold at one time: none in a sound ledger.
// Parameters: none. Returns: count.
MATCH (n:EndedIncident), (m:Incident {source_id: n.source_id, incident_key: n.incident_key}) WHERE n.until > m.since OR n.until <= n.since
RETURN count(n) AS count
