-- Remember what an operation wrote.
-- Parameters: operation_id, kind, key, version, body, time. Returns: nothing.
INSERT INTO document_operation VALUES (?, ?, ?, ?, ?, ?);
