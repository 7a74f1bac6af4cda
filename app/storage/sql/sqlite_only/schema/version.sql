-- One statement, so one look: read apart, another process may make the tables in between, and its file looks foreign.
SELECT
    (SELECT user_version FROM pragma_user_version),
    (SELECT application_id FROM pragma_application_id),
    (SELECT count(*) FROM sqlite_schema)
