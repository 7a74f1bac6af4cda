// Dependencies that hold at revision $a and not at $b.
// Parameters: $a; $b. Returns: the columns.
MATCH (a)-[d:DEPENDED_ON]->(b) WHERE d.until > $a AND d.until <= $b AND d.since <= $a
RETURN a.ci_id AS dependent_id, b.ci_id AS provider_id, d.kind AS kind, d.source_id AS source_id, d.weight AS weight, d.relation AS relation
