-- Operations too old to be tried again.
-- Parameters: time. Returns: nothing.
DELETE FROM document_operation WHERE made_at < ?;
