-- Rows that end with a revision; a row that does not hold is not counted.
-- Parameters: ?1 the revision, then the identity. Returns: nothing; the count of rows tells.
UPDATE exposure SET until = ?1
WHERE ci_id = ?2 AND source_id = ?3 AND since < ?1 AND until = 9223372036854775807;
