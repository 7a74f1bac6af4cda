// One document.
// Parameters: $kind; $key. Returns: kind, key, version, body.
MATCH (d:Document {kind: $kind, key: $key})
RETURN d.kind AS kind, d.key AS key, d.version AS version, d.body AS body
