-- Delete a document.
-- Parameters: kind, key. Returns: nothing; the count of rows tells.
DELETE FROM document WHERE kind = ? AND key = ?;
