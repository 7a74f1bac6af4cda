-- Rows that hold at a revision by key.
-- Parameters: {columns}; :values a JSON list; :revision. Returns: the identity, the columns.
SELECT group_id{columns}
FROM redundancy_group
WHERE key IN (SELECT value FROM json_each(:values)) AND since <= :revision AND until > :revision;
