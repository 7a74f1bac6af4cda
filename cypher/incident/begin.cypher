// Rows that begin with a revision.
// Parameters: one list a column; $revision. Returns: nothing.
UNWIND range(0, size($source_id) - 1) AS i
CREATE (:Incident {
  source_id: $source_id[i],
  incident_key: $incident_key[i],
  ci_id: $ci_id[i],
  started_at: $started_at[i],
  ended_at: $ended_at[i],
  root_cause: $root_cause[i],
  since: $revision
})
