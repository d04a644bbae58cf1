-- Imports run in the background. active is 1 while one waits for or has a worker; busy is then its file's digest, so that
-- the same file is not imported twice at once. Whoever has the lease works on it until leased_until.
ALTER TABLE imports ADD COLUMN state VARCHAR(20) NOT NULL DEFAULT 'finished';
ALTER TABLE imports ADD COLUMN dry_run SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN active SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN digest VARCHAR(64) NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN busy VARCHAR(64) NULL;
ALTER TABLE imports ADD COLUMN file_size BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN line INTEGER NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN share INTEGER NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN worked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN lease VARCHAR(40) NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN leased_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN failure VARCHAR(500) NOT NULL DEFAULT '';
CREATE UNIQUE INDEX imports_busy ON imports (busy);
CREATE INDEX imports_waiting ON imports (active, leased_until, id);

-- The uploaded file in sealed pieces, so that any replica can work on it; gone when the import has finished.
CREATE TABLE import_chunks (
	import_id  VARCHAR(40) NOT NULL,
	no         INTEGER     NOT NULL,
	body       MEDIUMTEXT  NOT NULL,
	created_at BIGINT      NOT NULL,
	PRIMARY KEY (import_id, no)
) {{options}};
CREATE INDEX import_chunks_age ON import_chunks (created_at, import_id, no);

-- The rows that were not imported, as they came, sealed; line is the header's for the header. For the report.
CREATE TABLE import_rows (
	import_id  VARCHAR(40) NOT NULL,
	line       INTEGER     NOT NULL,
	body       MEDIUMTEXT  NOT NULL,
	created_at BIGINT      NOT NULL,
	PRIMARY KEY (import_id, line)
) {{options}};
CREATE INDEX import_rows_age ON import_rows (created_at, import_id, line);
