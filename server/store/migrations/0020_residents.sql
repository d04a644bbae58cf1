-- Later versions of the privacy notice; the first comes with the program.
CREATE TABLE privacy_notices (
	version INTEGER     NOT NULL PRIMARY KEY,
	body    TEXT        NOT NULL,
	made_by VARCHAR(40) NOT NULL,
	made_at BIGINT      NOT NULL
) {{options}};

-- Who has consented to which version, and when; hash is of its text.
CREATE TABLE privacy_consents (
	person_id VARCHAR(40) NOT NULL,
	version   INTEGER     NOT NULL,
	hash      VARCHAR(64) NOT NULL,
	at        BIGINT      NOT NULL,
	PRIMARY KEY (person_id, version)
) {{options}};

-- A resident (grantor) lets another (grantee) see and do what is theirs, until one of them ends it.
CREATE TABLE family_consents (
	id       VARCHAR(40) NOT NULL PRIMARY KEY,
	grantor  VARCHAR(40) NOT NULL,
	grantee  VARCHAR(40) NOT NULL,
	relation VARCHAR(20) NOT NULL,
	made_at  BIGINT      NOT NULL,
	ended_at BIGINT      NULL,
	ended_by VARCHAR(40) NOT NULL
) {{options}};
CREATE INDEX family_consents_grantor ON family_consents (grantor, ended_at, id);
CREATE INDEX family_consents_grantee ON family_consents (grantee, ended_at, id);

-- The enterprises that a resident acts for, by their credit code. Both are public.
CREATE TABLE resident_enterprises (
	identity_id VARCHAR(40)  NOT NULL,
	credit_code VARCHAR(18)  NOT NULL,
	name        VARCHAR(100) NOT NULL,
	bound_at    BIGINT       NOT NULL,
	PRIMARY KEY (identity_id, credit_code)
) {{options}};
