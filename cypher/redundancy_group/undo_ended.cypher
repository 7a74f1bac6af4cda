// Rows ended by an abandoned revision hold again, a block at a time.
// Parameters: $revision; $limit. Returns: count and what is needed to link them again.
MATCH (n:EndedRedundancyGroup {until: $revision})
WITH n LIMIT $limit
REMOVE n:EndedRedundancyGroup, n.until
SET n:RedundancyGroup
RETURN count(n) AS count, collect(n.group_id) AS group_id, collect(n.dependent_id) AS dependent_id, collect(n.members) AS members
