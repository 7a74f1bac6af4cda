-- Drop what a forgotten state answered to.
-- Parameters: folded text, ci_id, since. Returns: nothing.
DELETE FROM alias WHERE folded = ? AND ci_id = ? AND since = ?;
