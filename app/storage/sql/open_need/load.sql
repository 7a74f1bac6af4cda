-- One block of the rows that hold at a revision, in order of identity.
-- Parameters: {columns} further columns, each after a comma; :revision; :limit; :a0.. the identity of the last row read and a since beyond all; :low, :high the source (or all).
-- Returns: the identity, the columns. (A plus keeps a condition from the index that the row value needs.)
SELECT source_id, need_key{columns}
FROM open_need
WHERE (source_id, need_key, since) > (:a0, :a1, :a2) AND +source_id >= :low AND source_id <= :high AND since <= :revision AND until > :revision
ORDER BY source_id, need_key, since
LIMIT :limit;
