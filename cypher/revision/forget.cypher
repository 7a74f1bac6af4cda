// Drop a revision that was taken back.
// Parameters: $revision. Returns: nothing.
MATCH (r:Revision {revision: $revision}) WHERE r.state = 'abandoning'
DELETE r
WITH 1 AS done
MATCH (l:Ledger {one: 1})
SET l.undos = l.undos + 1
