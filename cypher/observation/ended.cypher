// Rows that hold at revision $a and not at $b.
// Parameters: $a; $b. Returns: the columns.
MATCH (n:EndedObservation) WHERE n.until > $a AND n.until <= $b AND n.since <= $a
RETURN n.source_id AS source_id, n.scope AS scope, n.observed_from AS observed_from, n.observed_until AS observed_until
