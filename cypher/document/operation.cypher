// What an operation wrote.
// Parameters: $operation_id. Returns: kind, key, version, body.
MATCH (d:DocumentOperation {operation_id: $operation_id})
RETURN d.kind AS kind, d.key AS key, d.version AS version, d.body AS body
