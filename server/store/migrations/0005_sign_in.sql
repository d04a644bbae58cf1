-- Accounts of staff: how a person of the organisation signs in. Login names are found by their blind index, so that one
-- that is a phone number stands here only masked; secrets are hashed or sealed.
CREATE TABLE accounts (
	person_id      VARCHAR(40)  NOT NULL PRIMARY KEY,
	version        BIGINT       NOT NULL,
	login_index    VARCHAR(64)  NOT NULL,
	login          VARCHAR(64)  NOT NULL,
	password       VARCHAR(200) NOT NULL,
	password_at    BIGINT       NOT NULL,
	password_until BIGINT       NULL,
	history        TEXT         NOT NULL,
	must_change    SMALLINT     NOT NULL,
	totp           VARCHAR(200) NOT NULL,
	totp_step      BIGINT       NOT NULL,
	recovery       TEXT         NOT NULL,
	unlocked_at    BIGINT       NULL,
	disabled_at    BIGINT       NULL,
	disabled_why   VARCHAR(40)  NOT NULL,
	created_at     BIGINT       NOT NULL,
	active_at      BIGINT       NOT NULL,
	signed_in_at   BIGINT       NULL,
	UNIQUE (login_index)
) {{options}};
CREATE INDEX accounts_unused ON accounts (disabled_at, active_at, person_id);

-- A sign-in under way: the password was right, and further steps are asked for. Gone when it ends.
CREATE TABLE sign_ins (
	hash          VARCHAR(64)  NOT NULL PRIMARY KEY,
	person_id     VARCHAR(40)  NOT NULL,
	password      VARCHAR(200) NOT NULL,
	second_factor SMALLINT     NOT NULL,
	totp          VARCHAR(200) NOT NULL,
	expires_at    BIGINT       NOT NULL
) {{options}};
CREATE INDEX sign_ins_expired ON sign_ins (expires_at, hash);
CREATE INDEX sign_ins_person ON sign_ins (person_id, hash);

-- Sessions (登录会话), and their refresh tokens by hash: each is exchanged once for the next, which its salt makes.
CREATE TABLE sessions (
	id           VARCHAR(40)  NOT NULL PRIMARY KEY,
	person_id    VARCHAR(40)  NOT NULL,
	agent        VARCHAR(200) NOT NULL,
	address      VARCHAR(64)  NOT NULL,
	idle_seconds INTEGER      NOT NULL,
	started_at   BIGINT       NOT NULL,
	seen_at      BIGINT       NOT NULL,
	expires_at   BIGINT       NOT NULL,
	ended_at     BIGINT       NULL,
	ended_why    VARCHAR(40)  NOT NULL
) {{options}};
CREATE INDEX sessions_live ON sessions (person_id, ended_at, id);
CREATE INDEX sessions_from ON sessions (person_id, address, started_at);
CREATE INDEX sessions_old ON sessions (expires_at, id);

CREATE TABLE refresh_tokens (
	hash       VARCHAR(64) NOT NULL PRIMARY KEY,
	session_id VARCHAR(40) NOT NULL,
	made_at    BIGINT      NOT NULL,
	rotated_at BIGINT      NULL,
	salt       VARCHAR(64) NOT NULL
) {{options}};
CREATE INDEX refresh_tokens_old ON refresh_tokens (made_at, hash);
