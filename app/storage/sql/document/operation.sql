-- What an operation wrote.
-- Parameters: :operation_id. Returns: kind, key, version, body.
SELECT kind, key, version, body FROM document_operation WHERE operation_id = :operation_id;
