-- Documents of a kind beyond a key, in order of key.
-- Parameters: :kind, :after, :limit. Returns: kind, key, version, body.
SELECT kind, key, version, body FROM document WHERE kind = :kind AND key > :after
ORDER BY key LIMIT :limit;
