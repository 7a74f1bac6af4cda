// Rows that end with a revision leave the plain view; a row that does not hold is not counted.
// Parameters: one list a column of the identity; $revision. Returns: count.
UNWIND range(0, size($source_id) - 1) AS i
MATCH (n:SourceRecord {source_id: $source_id[i], source_key: $source_key[i]}) USING INDEX SEEK n:SourceRecord(source_id, source_key) WHERE n.since < $revision
REMOVE n:SourceRecord
SET n:EndedSourceRecord, n.until = $revision
WITH n
OPTIONAL MATCH (n)-[link:HAS_EXPOSURE|NEEDS|MEMBER]-()
DELETE link
RETURN count(DISTINCT n) AS count
