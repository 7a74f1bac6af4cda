-- Rows that hold at a revision by ci_id.
-- Parameters: {columns}; :values a JSON list; :revision. Returns: the identity, the columns.
SELECT source_id, incident_key{columns}
FROM incident
WHERE ci_id IN (SELECT value FROM json_each(:values)) AND since <= :revision AND until > :revision;
