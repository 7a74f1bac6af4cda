-- Rows that ended at or before a revision, a block: what `forget` needs to drop them with what is indexed of them.
-- Parameters: ?1 the revision; ?2 how many. Returns: identity, since, texts.
SELECT ci_id, since, key, name, aliases
FROM ci
WHERE until < 9223372036854775807 AND until <= ?1
LIMIT ?2;
