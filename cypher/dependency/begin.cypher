// Dependencies that begin with a revision; both CIs have to hold.
// Parameters: one list a column; $since a list. Returns: count.
UNWIND range(0, size($dependent_id) - 1) AS i
MATCH (a:ConfigurationItem {ci_id: $dependent_id[i]})
MATCH (b:ConfigurationItem {ci_id: $provider_id[i]})
CREATE (a)-[:DEPENDS_ON {kind: $kind[i], source_id: $source_id[i], weight: $weight[i], relation: $relation[i], since: $revision}]->(b)
RETURN count(*) AS count
