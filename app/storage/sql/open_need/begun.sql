-- Rows that hold at revision :b and not at :a, for a >= 1. The literal lets the partial index serve.
-- Parameters: {columns}; :a; :b. Returns: the identity, the columns.
SELECT source_id, need_key{columns}
FROM open_need
WHERE since > 1 AND since > :a AND since <= :b AND until > :b;
