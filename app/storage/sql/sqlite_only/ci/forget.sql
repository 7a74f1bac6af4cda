-- Drop rows for good.
-- Parameters: identity, since. Returns: nothing.
DELETE FROM ci
WHERE ci_id = ? AND since = ?;
