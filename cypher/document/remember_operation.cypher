// Remember what an operation wrote.
// Parameters: $operation_id; $kind; $key; $version; $body; $at. Returns: nothing.
CREATE (:DocumentOperation {operation_id: $operation_id, kind: $kind, key: $key, version: $version, body: $body, made_at: $at})
