-- How far a pending revision is written, and the highest fencing token.
-- Parameters: the number. Returns: state, batches, parts, fence.
SELECT state, batches, parts, (SELECT fence FROM pointer) FROM revision WHERE revision = ?;
