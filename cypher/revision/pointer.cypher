// Where readers are, the oldest revision that is exact, the highest fencing token, how many revisions were taken back, and whether one is being written.
// Parameters: none. Returns: revision, horizon, fence, undos, unpublished.
MATCH (l:Ledger {one: 1})
RETURN l.revision AS revision, l.horizon AS horizon, l.fence AS fence, l.undos AS undos, EXISTS { (:Revision {revision: l.revision + 1}) } AS unpublished
