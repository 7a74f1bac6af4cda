// Rows that end with a revision leave the plain view; a row that does not hold is not counted.
// Parameters: one list a column of the identity; $revision. Returns: count.
UNWIND range(0, size($source_id) - 1) AS i
MATCH (n:Observation {source_id: $source_id[i], scope: $scope[i]}) USING INDEX SEEK n:Observation(source_id, scope) WHERE n.since < $revision
REMOVE n:Observation
SET n:EndedObservation, n.until = $revision
WITH n
OPTIONAL MATCH (n)-[link:HAS_EXPOSURE|NEEDS|MEMBER]-()
DELETE link
RETURN count(DISTINCT n) AS count
