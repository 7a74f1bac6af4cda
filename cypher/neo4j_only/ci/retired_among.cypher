// Which of these CIs the ledger knows as retired.
// Parameters: $ci_id. Returns: ci_ids.
UNWIND $ci_id AS ci_id
MATCH (c:RetiredItem {ci_id: ci_id})
RETURN collect(c.ci_id) AS ci_ids
