-- One block of the rows that hold at a revision, in order of identity.
-- Parameters: {columns} further columns, each after a comma; :revision; :limit; :a0.. the identity and since of the last row read; :low, :high the source (or all).
-- Returns: the identity, since, the columns.
SELECT source_id, source_key, since{columns}
FROM source_record
WHERE (source_id, source_key, since) > (:a0, :a1, :a2) AND source_id BETWEEN :low AND :high AND since <= :revision AND until > :revision
ORDER BY source_id, source_key, since
LIMIT :limit;
