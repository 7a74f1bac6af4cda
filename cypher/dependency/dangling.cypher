// Dependencies that hold now on a CI that does not. A CI that only a pending revision ends still holds.
// Parameters: $revision. Returns: count.
MATCH (c:RetiredItem)-[d:DEPENDS_ON]-() WHERE d.since <= $revision
  AND NOT EXISTS { MATCH (c)-[:WAS]->(s:CiState) WHERE s.since <= $revision AND $revision < s.until }
RETURN count(DISTINCT d) AS count
