-- Take back rows that began with an abandoned revision (> 1), a block at a time.
-- Parameters: ?1 the revision; ?2 how many. Returns: nothing; 0 rows when done.
DELETE FROM dependency
WHERE (dependent_id, provider_id, kind, source_id, since) IN (SELECT dependent_id, provider_id, kind, source_id, since FROM dependency WHERE since > 1 AND since = ?1 LIMIT ?2);
