// Rows that hold at a revision and ended since; each overrides a current row of its identity.
// Parameters: $revision. Returns: the columns.
MATCH (n:EndedOpenNeed) WHERE n.until > $revision AND n.since <= $revision
RETURN n.source_id AS source_id, n.need_key AS need_key, n.dependent_id AS dependent_id, n.kind AS kind, n.needs AS needs, n.text AS text, n.reason AS reason, n.statement AS statement
