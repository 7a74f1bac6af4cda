// Current rows that hold at revision $b and not at $a.
// Parameters: $a; $b. Returns: the columns.
MATCH (n:Incident) WHERE n.since > $a AND n.since <= $b
RETURN n.source_id AS source_id, n.incident_key AS incident_key, n.ci_id AS ci_id, n.started_at AS started_at, n.ended_at AS ended_at, n.root_cause AS root_cause
