-- One block of the rows that hold at a revision, in order of identity.
-- Parameters: {columns} further columns, each after a comma; :revision; :limit; :a0.. the identity and since of the last row read; :low, :high the source (or all).
-- Returns: the identity, since, the columns.
SELECT group_id, since{columns}
FROM redundancy_group
WHERE (group_id, since) > (:a0, :a1) AND source_id BETWEEN :low AND :high AND since <= :revision AND until > :revision
ORDER BY group_id, since
LIMIT :limit;
