// Write a document.
// Parameters: $kind; $key; $version; $body. Returns: nothing.
MERGE (d:Document {kind: $kind, key: $key})
SET d.version = $version, d.body = $body
