// CIs and their site.
// Parameters: $names; $ids a list of ci_ids for each name. Returns: nothing.
UNWIND range(0, size($names) - 1) AS i
MERGE (t:Site {name: $names[i]})
WITH t, i
UNWIND $ids[i] AS ci_id
MATCH (c:ConfigurationItem {ci_id: ci_id})
CREATE (c)-[:LOCATED_AT]->(t)
