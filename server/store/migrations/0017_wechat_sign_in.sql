-- Who somebody is in WeChat: one row per person, whose id is the account of a resident too. What WeChat knows them by is
-- sealed; the indexes are blind. staff_id is the member of staff who has bound it, resident_at since when it is a resident's.
CREATE TABLE wechat_identities (
	id           VARCHAR(40) NOT NULL PRIMARY KEY,
	version      BIGINT      NOT NULL,
	openid_index VARCHAR(64) NOT NULL,
	union_index  VARCHAR(64) NOT NULL,
	sealed       TEXT        NOT NULL,
	sealed_key   INTEGER     NOT NULL,
	staff_id     VARCHAR(40) NULL,
	staff_at     BIGINT      NULL,
	resident_at  BIGINT      NULL,
	created_at   BIGINT      NOT NULL,
	seen_at      BIGINT      NOT NULL,
	UNIQUE (openid_index),
	UNIQUE (staff_id)
) {{options}};
CREATE INDEX wechat_identities_union ON wechat_identities (union_index, id);
CREATE INDEX wechat_identities_sealed ON wechat_identities (sealed_key, id);

-- The phones that residents have bound. A number has one holder at a time; requester is its blind index, by which tickets
-- name who asks.
CREATE TABLE resident_phones (
	id          VARCHAR(40) NOT NULL PRIMARY KEY,
	requester   VARCHAR(64) NOT NULL,
	identity_id VARCHAR(40) NOT NULL,
	sealed      TEXT        NOT NULL,
	sealed_key  INTEGER     NOT NULL,
	bound_at    BIGINT      NOT NULL,
	UNIQUE (requester)
) {{options}};
CREATE INDEX resident_phones_identity ON resident_phones (identity_id, id);
CREATE INDEX resident_phones_sealed ON resident_phones (sealed_key, id);

-- Members of staff whose phone was lost: they bind WeChat by an invitation alone, until one is used.
CREATE TABLE wechat_holds (
	person_id VARCHAR(40) NOT NULL PRIMARY KEY,
	held_at   BIGINT      NOT NULL
) {{options}};

-- What is good once and for a while, by the hash of its token: tickets for binding, invitations, scenes of codes to scan.
-- body is sealed; step says how far it has come.
CREATE TABLE one_use_codes (
	hash       VARCHAR(64) NOT NULL PRIMARY KEY,
	kind       VARCHAR(20) NOT NULL,
	subject    VARCHAR(80) NOT NULL,
	step       VARCHAR(20) NOT NULL,
	sealed     TEXT        NOT NULL,
	sealed_key INTEGER     NOT NULL,
	tries      INTEGER     NOT NULL,
	made_by    VARCHAR(40) NOT NULL,
	made_at    BIGINT      NOT NULL,
	expires_at BIGINT      NOT NULL,
	used_at    BIGINT      NULL
) {{options}};
CREATE INDEX one_use_codes_subject ON one_use_codes (kind, subject, used_at, expires_at);
CREATE INDEX one_use_codes_expired ON one_use_codes (expires_at, hash);
CREATE INDEX one_use_codes_sealed ON one_use_codes (sealed_key, hash);

-- The WeChat identity that a session was begun with; '' for one begun with a password.
ALTER TABLE sessions ADD COLUMN wechat_id VARCHAR(40) NOT NULL DEFAULT '';
CREATE INDEX sessions_wechat ON sessions (wechat_id, ended_at, person_id);
