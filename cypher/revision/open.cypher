// Open a revision.
// Parameters: $revision; $operation_id; $at; $note; $counters. Returns: nothing.
CREATE (:Revision {revision: $revision, operation_id: $operation_id, state: 'pending', batches: 0, parts: 0, created_at: $at, note: $note, counters: $counters})
