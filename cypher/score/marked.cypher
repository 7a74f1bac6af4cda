// The latest assessment whose scores were written.
// Parameters: none. Returns: assessment, revision, at; no row before the first.
MATCH (l:Ledger {one: 1}) WHERE l.score_assessment IS NOT NULL
RETURN l.score_assessment AS assessment, l.score_revision AS revision, l.score_assessed_at AS at
