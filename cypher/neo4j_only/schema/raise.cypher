// The layout is of this version now.
// Parameters: $schema. Returns: nothing.
MATCH (l:Ledger {one: 1}) SET l.schema = $schema
