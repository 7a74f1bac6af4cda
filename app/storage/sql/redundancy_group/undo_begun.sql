-- Rows that began with an abandoned revision (> 1), a block: what `forget` needs to take them back with what is indexed of them.
-- Parameters: ?1 the revision; ?2 how many. Returns: identity, since, texts.
SELECT group_id, since, members
FROM redundancy_group
WHERE since > 1 AND since = ?1
LIMIT ?2;
