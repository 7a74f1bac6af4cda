-- Drop the members of a forgotten group row.
-- Parameters: ci_id, group_id, since. Returns: nothing.
DELETE FROM group_member WHERE ci_id = ? AND group_id = ? AND since = ?;
