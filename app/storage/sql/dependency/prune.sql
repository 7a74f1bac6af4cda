-- Forget rows that ended at or before a revision, a block at a time.
-- Parameters: ?1 the revision; ?2 how many. Returns: nothing; 0 rows when done.
DELETE FROM dependency
WHERE (dependent_id, provider_id, kind, source_id, since) IN (SELECT dependent_id, provider_id, kind, source_id, since FROM dependency WHERE until < 9223372036854775807 AND until <= ?1 LIMIT ?2);
