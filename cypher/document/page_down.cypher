// Documents of a kind before a key, in falling order of key; from the last where the key is empty.
// Parameters: $kind; $after; $limit. Returns: kind, key, version, body.
MATCH (d:Document) WHERE d.kind = $kind AND d.key > '' AND ($after = '' OR d.key < $after)
WITH d ORDER BY d.key DESC LIMIT $limit
RETURN d.kind AS kind, d.key AS key, d.version AS version, d.body AS body
