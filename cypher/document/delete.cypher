// Delete a document.
// Parameters: $kind; $key. Returns: count.
MATCH (d:Document {kind: $kind, key: $key})
DELETE d
RETURN count(*) AS count
