-- Take back rows that began with an abandoned revision (> 1), a block at a time.
-- Parameters: ?1 the revision; ?2 how many. Returns: nothing; 0 rows when done.
DELETE FROM open_need
WHERE (source_id, need_key, since) IN (SELECT source_id, need_key, since FROM open_need WHERE since > 1 AND since = ?1 LIMIT ?2);
