-- What a ticket says of a person is sealed (vault). sealed_key is the number of the key, 0 for a row from before there was one,
-- so that what must be sealed anew is found in one indexed read. title stood in the clear and nothing read it.
ALTER TABLE tickets ADD COLUMN sealed_body MEDIUMBLOB NULL;
ALTER TABLE tickets ADD COLUMN sealed_raw MEDIUMBLOB NULL;
ALTER TABLE tickets ADD COLUMN sealed_key INTEGER NOT NULL DEFAULT 0;
-- Since when the row as it came, and what names a person, is kept at the earliest; NULL once it is erased (retention).
ALTER TABLE tickets ADD COLUMN row_at BIGINT NULL;
ALTER TABLE tickets ADD COLUMN person_at BIGINT NULL;
UPDATE tickets SET sealed_body = body, sealed_raw = raw, row_at = updated_at, person_at = accepted_at;
ALTER TABLE tickets DROP COLUMN body;
ALTER TABLE tickets DROP COLUMN raw;
ALTER TABLE tickets DROP COLUMN title;
CREATE INDEX tickets_sealed ON tickets (sealed_key, id);
CREATE INDEX tickets_row ON tickets (row_at, id);
CREATE INDEX tickets_person ON tickets (person_at, id);

-- People are sealed whole; the other rows of the organisation name nobody and keep 0.
ALTER TABLE organisation ADD COLUMN sealed_key INTEGER NOT NULL DEFAULT 0;

-- By an ID number a ticket is found through its blind index; few have one.
CREATE TABLE ticket_identities (
	identity    VARCHAR(64) NOT NULL,
	accepted_at BIGINT      NOT NULL,
	ticket_id   VARCHAR(40) NOT NULL,
	PRIMARY KEY (identity, accepted_at, ticket_id)
) {{options}};
CREATE INDEX ticket_identities_ticket ON ticket_identities (ticket_id);

-- One sealed value for each key that has ever sealed here: a program with other keys is refused at its start.
CREATE TABLE vault_keys (
	key_id     INTEGER      NOT NULL PRIMARY KEY,
	sealed     VARCHAR(200) NOT NULL,
	blind      VARCHAR(64)  NOT NULL,
	created_at BIGINT       NOT NULL
) {{options}};

-- What was erased, by which rule, how much of it: the certificate of each run, and the ids its hash is made of.
CREATE TABLE retention_certificates (
	id          VARCHAR(40) NOT NULL PRIMARY KEY,
	number      VARCHAR(32) NOT NULL,
	finished    SMALLINT    NOT NULL,
	started_at  BIGINT      NOT NULL,
	version     BIGINT      NOT NULL,
	body        TEXT        NOT NULL,
	UNIQUE (number)
) {{options}};
CREATE INDEX retention_certificates_open ON retention_certificates (finished, id);

CREATE TABLE retention_items (
	certificate_id VARCHAR(40) NOT NULL,
	seq            BIGINT      NOT NULL,
	rule           VARCHAR(20) NOT NULL,
	ticket_id      VARCHAR(40) NOT NULL,
	PRIMARY KEY (certificate_id, seq)
) {{options}};
