// Rows that hold at revision $b and not at $a, and ended since.
// Parameters: $a; $b. Returns: the columns.
MATCH (n:EndedOpenNeed) WHERE n.until > $b AND n.since > $a AND n.since <= $b
RETURN n.source_id AS source_id, n.need_key AS need_key, n.dependent_id AS dependent_id, n.kind AS kind, n.needs AS needs, n.text AS text, n.reason AS reason, n.statement AS statement
