// Dependencies that hold at a revision and ended since, by provider_id.
// Parameters: $values; $revision. Returns: the columns.
UNWIND $values AS value
OPTIONAL MATCH (c:ConfigurationItem {ci_id: value})
OPTIONAL MATCH (r:RetiredItem {ci_id: value})
WITH coalesce(c, r) AS b WHERE b IS NOT NULL
MATCH (a)-[d:DEPENDED_ON]->(b) WHERE d.since <= $revision AND d.until > $revision
RETURN a.ci_id AS dependent_id, b.ci_id AS provider_id, d.kind AS kind, d.source_id AS source_id, d.weight AS weight, d.relation AS relation
