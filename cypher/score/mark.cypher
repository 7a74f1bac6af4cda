// The latest assessment, for people who query the scores.
// Parameters: $assessment; $revision; $at. Returns: nothing.
MATCH (l:Ledger {one: 1})
SET l.score_assessment = $assessment, l.score_revision = $revision, l.score_assessed_at = $at
