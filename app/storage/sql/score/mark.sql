-- The latest assessment whose scores were written.
-- Parameters: assessment, revision, time. Returns: nothing.
INSERT OR REPLACE INTO score_mark VALUES (1, ?, ?, ?);
