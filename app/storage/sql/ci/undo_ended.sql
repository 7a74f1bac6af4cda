-- Rows ended by an abandoned revision hold again, a block at a time.
-- Parameters: ?1 the revision; ?2 how many. Returns: nothing; 0 rows when done.
UPDATE ci SET until = 9223372036854775807
WHERE (ci_id, since) IN (SELECT ci_id, since FROM ci WHERE until < 9223372036854775807 AND until = ?1 LIMIT ?2);
