// Operations too old to be tried again.
// Parameters: $at. Returns: nothing.
MATCH (d:DocumentOperation) WHERE d.made_at < $at
DELETE d
