-- Count a write, or a part of one.
-- Parameters: batches, parts, revision. Returns: nothing.
UPDATE revision SET batches = ?, parts = ? WHERE revision = ?;
