-- Rows that end with a revision; a row that does not hold is not counted.
-- Parameters: ?1 the revision, then the identity. Returns: nothing; the count of rows tells.
UPDATE open_need SET until = ?1
WHERE source_id = ?2 AND need_key = ?3 AND since < ?1 AND until = 9223372036854775807;
