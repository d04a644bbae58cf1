-- Where something is: a point on a map, sealed. id is what it is the place of: a case, a ticket or a task; each has one. A case's or task's is kept
-- with its case, since kept_at at the earliest; a ticket's (case_id '') goes with what names its requester.
CREATE TABLE locations (
	id         VARCHAR(60) NOT NULL PRIMARY KEY,
	case_id    VARCHAR(40) NOT NULL,
	author     VARCHAR(40) NOT NULL,
	sealed     TEXT        NOT NULL,
	sealed_key INTEGER     NOT NULL,
	created_at BIGINT      NOT NULL,
	kept_at    BIGINT      NULL
) {{options}};
CREATE INDEX locations_kept ON locations (kept_at, id);
CREATE INDEX locations_sealed ON locations (sealed_key, id);
