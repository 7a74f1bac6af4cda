// Dependencies that hold now on a CI that does not.
// Parameters: $revision. Returns: count.
MATCH (c:RetiredItem)-[d:DEPENDS_ON]-() WHERE d.since <= $revision
RETURN count(DISTINCT d) AS count
