// Rows that hold at a revision and ended since; each overrides a current row of its identity.
// Parameters: $revision. Returns: the columns.
MATCH (n:EndedObservation) WHERE n.until > $revision AND n.since <= $revision
RETURN n.source_id AS source_id, n.scope AS scope, n.observed_from AS observed_from, n.observed_until AS observed_until
