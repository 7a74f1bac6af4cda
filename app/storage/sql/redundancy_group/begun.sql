-- Rows that hold at revision :b and not at :a, for a >= 1. The literal lets the partial index serve.
-- Parameters: {columns}; :a; :b. Returns: the identity, since, the columns.
SELECT group_id, since{columns}
FROM redundancy_group
WHERE since > 1 AND since > :a AND since <= :b AND until > :b;
