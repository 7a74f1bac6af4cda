// Rows ended by an abandoned revision hold again, a block at a time.
// Parameters: $revision; $limit. Returns: count and what is needed to link them again.
MATCH (n:EndedIncident {until: $revision})
WITH n LIMIT $limit
REMOVE n:EndedIncident, n.until
SET n:Incident
RETURN count(n) AS count, collect(n.source_id) AS source_id, collect(n.incident_key) AS incident_key
