// Current rows that hold at a revision, by ci_id.
// Parameters: $values; $revision. Returns: the columns.
UNWIND $values AS value
MATCH (n:Incident {ci_id: value}) WHERE n.since <= $revision
RETURN n.source_id AS source_id, n.incident_key AS incident_key, n.ci_id AS ci_id, n.started_at AS started_at, n.ended_at AS ended_at, n.root_cause AS root_cause
