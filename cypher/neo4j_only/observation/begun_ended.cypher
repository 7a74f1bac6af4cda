// Rows that hold at revision $b and not at $a, and ended since.
// Parameters: $a; $b. Returns: the columns.
MATCH (n:EndedObservation) WHERE n.until > $b AND n.since > $a AND n.since <= $b
RETURN n.source_id AS source_id, n.scope AS scope, n.observed_from AS observed_from, n.observed_until AS observed_until
