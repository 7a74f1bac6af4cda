-- One document.
-- Parameters: :kind, :key. Returns: kind, key, version, body.
SELECT kind, key, version, body FROM document WHERE kind = :kind AND key = :key;
