-- What a CI of the first revision answers to, in the order it comes.
-- Parameters: folded text, ci_id. Returns: nothing.
INSERT INTO alias_staged (folded, ci_id) VALUES (?, ?);
