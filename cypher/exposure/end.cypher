// Rows that end with a revision leave the plain view; a row that does not hold is not counted.
// Parameters: one list a column of the identity; $revision. Returns: count.
UNWIND range(0, size($ci_id) - 1) AS i
MATCH (n:Exposure {ci_id: $ci_id[i], source_id: $source_id[i]}) USING INDEX SEEK n:Exposure(ci_id, source_id) WHERE n.since < $revision
REMOVE n:Exposure
SET n:EndedExposure, n.until = $revision
WITH n
OPTIONAL MATCH (n)-[link:HAS_EXPOSURE|NEEDS|MEMBER]-()
DELETE link
RETURN count(DISTINCT n) AS count
