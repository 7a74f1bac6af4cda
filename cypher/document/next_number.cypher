// Take the next number of a kind; others wait until the transaction ends, so numbers have no gaps.
// Parameters: $kind. Returns: number.
MERGE (c:DocumentCounter {kind: $kind})
ON CREATE SET c.last = 0
SET c.locked = true
REMOVE c.locked
WITH c
SET c.last = c.last + 1
RETURN c.last AS number
