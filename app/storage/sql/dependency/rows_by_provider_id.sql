-- Rows that hold at a revision by provider_id.
-- Parameters: {columns}; :values a JSON list; :revision. Returns: the identity, the columns.
SELECT dependent_id, provider_id, kind, source_id{columns}
FROM dependency
WHERE provider_id IN (SELECT value FROM json_each(:values)) AND since <= :revision AND until > :revision;
