// Rows that end with a revision leave the plain view; a row that does not hold is not counted.
// Parameters: one list a column of the identity; $revision. Returns: count.
UNWIND range(0, size($group_id) - 1) AS i
MATCH (n:RedundancyGroup {group_id: $group_id[i]}) USING INDEX SEEK n:RedundancyGroup(group_id) WHERE n.since < $revision
REMOVE n:RedundancyGroup
SET n:EndedRedundancyGroup, n.until = $revision
WITH n
OPTIONAL MATCH (n)-[link:HAS_EXPOSURE|NEEDS|MEMBER]-()
DELETE link
RETURN count(DISTINCT n) AS count
