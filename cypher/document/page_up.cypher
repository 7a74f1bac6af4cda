// Documents of a kind beyond a key, in order of key.
// Parameters: $kind; $after; $limit. Returns: kind, key, version, body.
MATCH (d:Document) WHERE d.kind = $kind AND d.key > $after
WITH d ORDER BY d.key LIMIT $limit
RETURN d.kind AS kind, d.key AS key, d.version AS version, d.body AS body
