// Hold a document, made if it is not there, until the transaction ends.
// Parameters: $kind; $key. Returns: version.
MERGE (d:Document {kind: $kind, key: $key})
ON CREATE SET d.version = 0, d.body = ''
SET d.locked = true
REMOVE d.locked
WITH d
RETURN d.version AS version
