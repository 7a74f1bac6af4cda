-- Write a document.
-- Parameters: kind, key, version, body. Returns: nothing.
INSERT INTO document (kind, key, version, body) VALUES (?, ?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET version = excluded.version, body = excluded.body;
