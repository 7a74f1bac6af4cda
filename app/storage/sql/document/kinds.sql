-- Every kind there is.
-- Parameters: none. Returns: kind, the last number given out (or null).
SELECT kind, (SELECT last FROM document_counter AS c WHERE c.kind = k.kind)
FROM (SELECT DISTINCT kind FROM document UNION SELECT kind FROM document_counter) AS k ORDER BY kind;
