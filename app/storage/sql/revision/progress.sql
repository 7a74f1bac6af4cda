-- How far a pending revision is written.
-- Parameters: the number. Returns: state, batches, parts.
SELECT state, batches, parts FROM revision WHERE revision = ?;
