// CIs that an abandoned revision brought back are retired again, a block at a time.
// Parameters: {labels} every class label; $revision; $limit. Returns: count.
MATCH (c:ConfigurationItem {since: $revision})
WHERE NOT EXISTS { (c)-[:WAS]->(:CiState {until: $revision}) }
WITH c LIMIT $limit
REMOVE c:ConfigurationItem:{labels}
SET c:RetiredItem, c.until = $revision
WITH c
OPTIONAL MATCH (c)-[link:OWNED_BY|LOCATED_AT|SUPPLIED_BY]->()
DELETE link
RETURN count(DISTINCT c) AS count
