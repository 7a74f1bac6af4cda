// The last number a kind was given elsewhere.
// Parameters: $kind; $last. Returns: nothing.
MERGE (c:DocumentCounter {kind: $kind})
ON CREATE SET c.last = $last
ON MATCH SET c.last = CASE WHEN c.last < $last THEN $last ELSE c.last END
