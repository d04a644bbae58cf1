-- Problems of rows are forgotten together with the rows that are kept for the report.
ALTER TABLE import_problems ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
UPDATE import_problems SET created_at = COALESCE((SELECT started_at FROM imports WHERE imports.id = import_problems.import_id), 0);
CREATE INDEX import_problems_age ON import_problems (created_at, import_id, line);
