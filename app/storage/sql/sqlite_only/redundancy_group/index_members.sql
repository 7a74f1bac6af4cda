-- Members of a group.
-- Parameters: ci_id, group_id, since. Returns: nothing.
INSERT OR IGNORE INTO group_member (ci_id, group_id, since) VALUES (?, ?, ?);
