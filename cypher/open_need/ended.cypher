// Rows that hold at revision $a and not at $b.
// Parameters: $a; $b. Returns: the columns.
MATCH (n:EndedOpenNeed) WHERE n.until > $a AND n.until <= $b AND n.since <= $a
RETURN n.source_id AS source_id, n.need_key AS need_key, n.dependent_id AS dependent_id, n.kind AS kind, n.needs AS needs, n.text AS text, n.reason AS reason, n.statement AS statement
