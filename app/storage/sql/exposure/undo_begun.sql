-- Take back rows that began with an abandoned revision (> 1), a block at a time.
-- Parameters: ?1 the revision; ?2 how many. Returns: nothing; 0 rows when done.
DELETE FROM exposure
WHERE (ci_id, source_id, since) IN (SELECT ci_id, source_id, since FROM exposure WHERE since > 1 AND since = ?1 LIMIT ?2);
