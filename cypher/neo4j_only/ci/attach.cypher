// CIs and their team, site and suppliers, while the nodes are at hand: finding them again by id cost as much as making them.
// Parameters: $team_at, $site_at positions in the lists of neo4j_only/ci/places (their size: none); $supplier_at lists of positions. Returns: nothing.
FOREACH (t IN teams[$team_at[i]..$team_at[i] + 1] | CREATE (c)-[:OWNED_BY]->(t))
FOREACH (s IN sites[$site_at[i]..$site_at[i] + 1] | CREATE (c)-[:LOCATED_AT]->(s))
FOREACH (at IN $supplier_at[i] | FOREACH (s IN suppliers[at..at + 1] | CREATE (c)-[:SUPPLIED_BY]->(s)))
