-- One block of the rows that hold at a revision, in order of identity.
-- Parameters: {columns} further columns, each after a comma; :revision; :limit; :a0.. the identity of the last row read and a since beyond all; :low, :high the source (or all).
-- Returns: the identity, the columns. (A plus keeps a condition from the index that the row value needs.)
SELECT dependent_id, provider_id, kind, source_id{columns}
FROM dependency
WHERE (dependent_id, provider_id, kind, source_id, since) > (:a0, :a1, :a2, :a3, :a4) AND +source_id BETWEEN :low AND :high AND since <= :revision AND until > :revision
ORDER BY dependent_id, provider_id, kind, source_id, since
LIMIT :limit;
