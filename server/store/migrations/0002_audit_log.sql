-- What people did to the system and saw of persons: signing in, unmasking, exports, administration. Append-only, one chain,
-- apart from the cases' timelines, kept at least three years.
CREATE TABLE audit_log (
	seq    BIGINT      NOT NULL PRIMARY KEY,
	at     BIGINT      NOT NULL,
	actor  VARCHAR(40) NOT NULL,
	action VARCHAR(60) NOT NULL,
	object VARCHAR(80) NOT NULL,
	hash   VARCHAR(64) NOT NULL,
	body   TEXT        NOT NULL
) {{options}};
CREATE INDEX audit_log_actor ON audit_log (actor, seq);
CREATE INDEX audit_log_action ON audit_log (action, seq);
CREATE INDEX audit_log_object ON audit_log (object, seq);
