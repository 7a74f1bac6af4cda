-- Drop rows for good.
-- Parameters: identity, since. Returns: nothing.
DELETE FROM redundancy_group
WHERE group_id = ? AND since = ?;
