-- Rows that hold at revision :a and not at :b. The literal lets the partial index serve.
-- Parameters: {columns}; :a; :b. Returns: the identity, the columns.
SELECT source_id, need_key{columns}
FROM open_need
WHERE until < 9223372036854775807 AND until > :a AND until <= :b AND since <= :a;
