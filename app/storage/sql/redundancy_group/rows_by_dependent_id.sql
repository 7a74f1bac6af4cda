-- Rows that hold at a revision by dependent_id.
-- Parameters: {columns}; :values a JSON list; :revision. Returns: the identity, the columns.
SELECT group_id{columns}
FROM redundancy_group
WHERE dependent_id IN (SELECT value FROM json_each(:values)) AND since <= :revision AND until > :revision;
