-- Rows that hold at revision :b and not at :a, for a >= 1. The literal lets the partial index serve.
-- Parameters: {columns}; :a; :b. Returns: the identity, the columns.
SELECT ci_id, source_id{columns}
FROM exposure
WHERE since > 1 AND since > :a AND since <= :b AND until > :b;
