// Dependencies ended by an abandoned revision hold again, a block at a time.
// Parameters: $revision; $limit. Returns: count.
MATCH (a)-[d:DEPENDED_ON {until: $revision}]->(b)
WITH a, d, b LIMIT $limit
CREATE (a)-[:DEPENDS_ON {kind: d.kind, source_id: d.source_id, weight: d.weight, relation: d.relation, since: d.since}]->(b)
DELETE d
RETURN count(*) AS count
