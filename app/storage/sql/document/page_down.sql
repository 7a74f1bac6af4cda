-- Documents of a kind before a key, in falling order of key; from the last where the key is empty.
-- Parameters: :kind, :after, :limit. Returns: kind, key, version, body.
SELECT kind, key, version, body FROM document
WHERE kind = :kind AND (:after = '' OR key < :after)
ORDER BY key DESC LIMIT :limit;
