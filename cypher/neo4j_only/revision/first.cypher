// The empty estate: revision 0, published, and the ledger that points to it.
// Parameters: $at, $schema. Returns: nothing.
MERGE (l:Ledger {one: 1})
ON CREATE SET l.revision = 0, l.horizon = 0, l.fence = 0, l.undos = 0, l.schema = $schema
MERGE (r:Revision {revision: 0})
ON CREATE SET r.operation_id = '', r.state = 'published', r.batches = 0, r.parts = 0, r.created_at = $at, r.published_at = $at, r.note = '', r.counters = '{}'
