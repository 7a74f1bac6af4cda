// Take back CIs that began with an abandoned revision and have no earlier state, a block at a time.
// Parameters: $revision; $limit. Returns: count.
MATCH (c:ConfigurationItem {since: $revision})
WHERE NOT EXISTS { (c)-[:WAS]->(:CiState) }
WITH c LIMIT $limit
DETACH DELETE c
RETURN count(*) AS count
