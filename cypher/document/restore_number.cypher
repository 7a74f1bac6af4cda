// The last number a kind was given elsewhere.
// Parameters: $kind; $last. Returns: nothing.
MERGE (c:DocumentCounter {kind: $kind})
ON CREATE SET c.last = 0
SET c.locked = true
REMOVE c.locked
WITH c
SET c.last = CASE WHEN c.last < $last THEN $last ELSE c.last END
