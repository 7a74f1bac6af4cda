-- Rows that hold at revision :b and not at :a, for a >= 1. The literal lets the partial index serve.
-- Parameters: {columns}; :a; :b. Returns: the identity, the columns.
SELECT group_id{columns}
FROM redundancy_group
WHERE since > 1 AND since > :a AND since <= :b AND until > :b;
