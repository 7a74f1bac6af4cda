-- Rows ended by an abandoned revision hold again, a block at a time.
-- Parameters: ?1 the revision; ?2 how many. Returns: nothing; 0 rows when done.
UPDATE redundancy_group SET until = 9223372036854775807
WHERE (group_id, since) IN (SELECT group_id, since FROM redundancy_group WHERE until < 9223372036854775807 AND until = ?1 LIMIT ?2);
