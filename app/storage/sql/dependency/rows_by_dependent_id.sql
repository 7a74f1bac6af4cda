-- Rows that hold at a revision by dependent_id.
-- Parameters: {columns}; :values a JSON list; :revision. Returns: the identity, the columns.
SELECT dependent_id, provider_id, kind, source_id{columns}
FROM dependency
WHERE dependent_id IN (SELECT value FROM json_each(:values)) AND since <= :revision AND until > :revision;
