-- The scores of a CI.
-- Parameters: ci_id, assessment, revision, time, the scores. Returns: nothing.
INSERT OR REPLACE INTO score VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);
