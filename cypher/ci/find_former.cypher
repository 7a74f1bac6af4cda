// States that had ended by a revision and match a query of the text index, with the key their CI has at that revision.
// Parameters: $query in the language of the index; $limit; $revision. Returns: ci_id, key, until, search_texts.
CALL db.index.fulltext.queryNodes('ci_search', $query, {limit: $limit}) YIELD node AS n
WITH n WHERE n.until IS NOT NULL AND n.until <= $revision
OPTIONAL MATCH (c:ConfigurationItem {ci_id: n.ci_id}) USING INDEX SEEK c:ConfigurationItem(ci_id) WHERE c.since <= $revision
OPTIONAL MATCH (s:CiState {ci_id: n.ci_id}) WHERE s.since <= $revision AND s.until > $revision
WITH n, coalesce(c.key, s.key) AS key WHERE key IS NOT NULL
RETURN n.ci_id AS ci_id, key, n.until AS until, n.search_texts AS search_texts
