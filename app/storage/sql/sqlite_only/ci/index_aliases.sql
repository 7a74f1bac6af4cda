-- What a CI answers to.
-- Parameters: folded text, ci_id, since. Returns: nothing.
INSERT OR IGNORE INTO alias (folded, ci_id, since) VALUES (?, ?, ?);
