// Rows that hold at a revision and ended since; each overrides a current row of its identity.
// Parameters: $revision. Returns: the columns.
MATCH (n:EndedIncident) WHERE n.until > $revision AND n.since <= $revision
RETURN n.source_id AS source_id, n.incident_key AS incident_key, n.ci_id AS ci_id, n.started_at AS started_at, n.ended_at AS ended_at, n.root_cause AS root_cause
