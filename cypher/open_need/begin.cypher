// Rows that begin with a revision.
// Parameters: one list a column; $revision. Returns: nothing.
UNWIND range(0, size($source_id) - 1) AS i
CREATE (:OpenNeed {
  source_id: $source_id[i],
  need_key: $need_key[i],
  dependent_id: $dependent_id[i],
  kind: $kind[i],
  needs: $needs[i],
  text: $text[i],
  reason: $reason[i],
  statement: $statement[i],
  since: $revision
})
