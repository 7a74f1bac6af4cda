-- Readers move on; 0 rows when somebody else moved it.
-- Parameters: revision, base. Returns: nothing; the count of rows tells.
UPDATE pointer SET revision = ? WHERE revision = ?;
