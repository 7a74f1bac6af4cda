-- Take the scores of a CI away.
-- Parameters: ci_id. Returns: nothing.
DELETE FROM score WHERE ci_id = ?;
