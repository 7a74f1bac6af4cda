-- One block of the rows that hold at a revision, in order of identity.
-- Parameters: {columns} further columns, each after a comma; :revision; :limit; :a0.. the identity and since of the last row read.
-- Returns: the identity, since, the columns.
SELECT ci_id, since{columns}
FROM ci
WHERE (ci_id, since) > (:a0, :a1) AND since <= :revision AND until > :revision
ORDER BY ci_id, since
LIMIT :limit;
