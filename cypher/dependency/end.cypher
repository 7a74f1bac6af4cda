// Dependencies that end with a revision leave the plain view; one that does not hold is not counted.
// Parameters: one list a column of the identity; $revision. Returns: count.
UNWIND range(0, size($dependent_id) - 1) AS i
OPTIONAL MATCH (a1:ConfigurationItem {ci_id: $dependent_id[i]})
OPTIONAL MATCH (a2:RetiredItem {ci_id: $dependent_id[i]})
OPTIONAL MATCH (b1:ConfigurationItem {ci_id: $provider_id[i]})
OPTIONAL MATCH (b2:RetiredItem {ci_id: $provider_id[i]})
WITH coalesce(a1, a2) AS a, coalesce(b1, b2) AS b, i WHERE a IS NOT NULL AND b IS NOT NULL
MATCH (a)-[d:DEPENDS_ON {kind: $kind[i], source_id: $source_id[i]}]->(b) WHERE d.since < $revision
CREATE (a)-[:DEPENDED_ON {kind: d.kind, source_id: d.source_id, weight: d.weight, relation: d.relation, since: d.since, until: $revision}]->(b)
DELETE d
RETURN count(*) AS count
