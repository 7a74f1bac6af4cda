// Current dependencies that hold at revision $b and not at $a.
// Parameters: $a; $b. Returns: the columns.
MATCH (a)-[d:DEPENDS_ON]->(b) WHERE d.since > $a AND d.since <= $b
RETURN a.ci_id AS dependent_id, b.ci_id AS provider_id, d.kind AS kind, d.source_id AS source_id, d.weight AS weight, d.relation AS relation
