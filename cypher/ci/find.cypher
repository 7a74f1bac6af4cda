// CIs that answer to a query of the text index and hold at a revision, current or ended since.
// Parameters: $query in the language of the index; $limit; $revision. Returns: ci_id, key, name, ci_class, aliases, search_texts.
CALL db.index.fulltext.queryNodes('ci_search', $query, {limit: $limit}) YIELD node AS n
WITH n WHERE n.since <= $revision AND coalesce(n.until, 9223372036854775807) > $revision
RETURN n.ci_id AS ci_id, n.key AS key, n.name AS name, coalesce(n.ci_class, '') AS ci_class, n.alias_pairs AS aliases, n.search_texts AS search_texts
