// Dependencies that begin with a revision; both CIs have to hold.
// Parameters: one list a column; $starts, $ends first and last row of each run of one dependent, found once a run; $revision. Returns: count.
UNWIND range(0, size($starts) - 1) AS k
MATCH (a:ConfigurationItem {ci_id: $dependent_id[$starts[k]]})
UNWIND range($starts[k], $ends[k]) AS i
MATCH (b:ConfigurationItem {ci_id: $provider_id[i]})
CREATE (a)-[:DEPENDS_ON {kind: $kind[i], source_id: $source_id[i], weight: $weight[i], relation: $relation[i], since: $revision}]->(b)
RETURN count(*) AS count
