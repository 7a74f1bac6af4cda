-- Rows ended by an abandoned revision hold again, a block at a time.
-- Parameters: ?1 the revision; ?2 how many. Returns: nothing; 0 rows when done.
UPDATE open_need SET until = 9223372036854775807
WHERE (source_id, need_key, since) IN (SELECT source_id, need_key, since FROM open_need WHERE until < 9223372036854775807 AND until = ?1 LIMIT ?2);
