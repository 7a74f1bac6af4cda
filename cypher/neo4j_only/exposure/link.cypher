// Exposures and their CIs.
// Parameters: $ci_id, $source_id lists. Returns: nothing.
UNWIND range(0, size($ci_id) - 1) AS i
MATCH (e:Exposure {ci_id: $ci_id[i], source_id: $source_id[i]})
MATCH (c:ConfigurationItem {ci_id: $ci_id[i]})
CREATE (c)-[:HAS_EXPOSURE {since: e.since}]->(e)
