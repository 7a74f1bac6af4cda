-- Rows that hold at a revision by source_key.
-- Parameters: {columns}; :values a JSON list; :revision. Returns: the identity, the columns.
SELECT source_id, source_key{columns}
FROM source_record
WHERE source_key IN (SELECT value FROM json_each(:values)) AND since <= :revision AND until > :revision;
