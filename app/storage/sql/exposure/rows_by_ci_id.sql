-- Rows that hold at a revision by ci_id.
-- Parameters: {columns}; :values a JSON list; :revision. Returns: the identity, the columns.
SELECT ci_id, source_id{columns}
FROM exposure
WHERE ci_id IN (SELECT value FROM json_each(:values)) AND since <= :revision AND until > :revision;
