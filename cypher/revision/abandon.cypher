// A pending revision is being taken back; writes are refused from here on.
// Parameters: $revision. Returns: one row or none.
MATCH (r:Revision {revision: $revision})
SET r.locked = true
REMOVE r.locked
WITH r
WHERE r.state IN ['pending', 'abandoning']
SET r.state = 'abandoning'
WITH r
MATCH (l:Ledger {one: 1})
SET l.undos = l.undos + 1
RETURN r.revision AS revision
