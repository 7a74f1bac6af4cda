-- CI states whose key is not in the alias index: none in a sound store.
-- Parameters: none. Returns: one count.
SELECT count(*) FROM ci AS c
WHERE c.since <= (SELECT revision FROM pointer) AND NOT EXISTS (SELECT 1 FROM alias AS a WHERE a.ci_id = c.ci_id AND a.since = c.since AND a.folded = fold(c.key));
