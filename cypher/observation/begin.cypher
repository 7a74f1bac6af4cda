// Rows that begin with a revision.
// Parameters: one list a column; $revision. Returns: nothing.
UNWIND range(0, size($source_id) - 1) AS i
CREATE (:Observation {
  source_id: $source_id[i],
  scope: $scope[i],
  observed_from: $observed_from[i],
  observed_until: $observed_until[i],
  since: $revision
})
