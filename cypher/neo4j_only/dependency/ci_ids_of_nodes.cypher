// The ci_ids of some nodes.
// Parameters: $nodes their numbers in the database. Returns: node, ci_id.
MATCH (n) WHERE id(n) IN $nodes
RETURN id(n) AS node, n.ci_id AS ci_id
