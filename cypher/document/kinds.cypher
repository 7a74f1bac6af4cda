// Every kind there is.
// Parameters: none. Returns: kind, the last number given out (or 0).
CALL () {
  MATCH (d:Document) RETURN DISTINCT d.kind AS kind
  UNION
  MATCH (c:DocumentCounter) RETURN c.kind AS kind
}
OPTIONAL MATCH (c:DocumentCounter {kind: kind})
RETURN kind, coalesce(c.last, 0) AS last ORDER BY kind
