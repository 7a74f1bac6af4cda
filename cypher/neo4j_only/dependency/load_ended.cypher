// Dependencies that hold at a revision and ended since; each overrides a current one of its identity.
// Parameters: $revision. Returns: the columns.
MATCH (a)-[d:DEPENDED_ON]->(b) WHERE d.until > $revision AND d.since <= $revision
RETURN a.ci_id AS dependent_id, b.ci_id AS provider_id, d.kind AS kind, d.source_id AS source_id, d.weight AS weight, d.relation AS relation
