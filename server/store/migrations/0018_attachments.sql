-- Attachments: photos and documents. Their bytes lie outside the database (package blob), sealed with a key of their own, which
-- stands in sealed beside the name of the file, so that an attachment whose sealed is empty is gone. state goes from uploading
-- over ready to kept (in a case) or dropped; erased by retention. drop_at is when an upload that got into no case is dropped, or
-- when the bytes of what is dropped or erased are removed; kept_at since when one of a case is kept at the earliest.
CREATE TABLE attachments (
	id          VARCHAR(40) NOT NULL PRIMARY KEY,
	owner       VARCHAR(40) NOT NULL,
	case_id     VARCHAR(40) NOT NULL,
	state       VARCHAR(12) NOT NULL,
	sealed      TEXT        NOT NULL,
	sealed_key  INTEGER     NOT NULL,
	announced   BIGINT      NOT NULL,
	digest      VARCHAR(64) NOT NULL,
	type        VARCHAR(40) NOT NULL,
	size        BIGINT      NOT NULL,
	sha256      VARCHAR(64) NOT NULL,
	thumb       SMALLINT    NOT NULL,
	width       INTEGER     NOT NULL,
	height      INTEGER     NOT NULL,
	created_at  BIGINT      NOT NULL,
	drop_at     BIGINT      NULL,
	kept_at     BIGINT      NULL
) {{options}};
CREATE INDEX attachments_owner ON attachments (owner, case_id, state);
CREATE INDEX attachments_case ON attachments (case_id, id);
CREATE INDEX attachments_drop ON attachments (drop_at, id);
CREATE INDEX attachments_kept ON attachments (kept_at, id);
CREATE INDEX attachments_sealed ON attachments (sealed_key, id);
