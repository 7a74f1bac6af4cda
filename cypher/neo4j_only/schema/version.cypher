// The version of the layout.
// Parameters: none. Returns: schema, or no row on an empty database.
MATCH (l:Ledger {one: 1})
RETURN l.schema AS schema
