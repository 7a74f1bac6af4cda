-- The latest assessment whose scores were written.
-- Parameters: none. Returns: assessment, revision, at; no row before the first.
SELECT assessment, revision, at FROM score_mark;
