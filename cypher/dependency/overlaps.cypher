// Dependencies of one identity that hold at one time: none in a sound ledger.
// Parameters: none. Returns: count.
MATCH (a)-[d:DEPENDED_ON]->(b)
MATCH (a)-[e:DEPENDS_ON {kind: d.kind, source_id: d.source_id}]->(b) WHERE d.until > e.since OR d.until <= d.since
RETURN count(d) AS count
