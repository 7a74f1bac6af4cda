-- Move the staged aliases of the first revision to their place.
-- Parameters: none. Returns: nothing.
INSERT OR IGNORE INTO alias (folded, ci_id, since)
SELECT folded, ci_id, 1 FROM alias_staged ORDER BY folded, ci_id;
