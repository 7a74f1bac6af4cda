-- Dependencies that hold now on a CI that does not.
-- Parameters: :revision. Returns: one count.
SELECT count(*) FROM dependency AS d
WHERE d.since <= :revision AND d.until > :revision AND (
  NOT EXISTS (SELECT 1 FROM ci AS c WHERE c.ci_id = d.dependent_id AND c.since <= :revision AND c.until > :revision)
  OR NOT EXISTS (SELECT 1 FROM ci AS c WHERE c.ci_id = d.provider_id AND c.since <= :revision AND c.until > :revision)
);
