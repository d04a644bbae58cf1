-- Platforms that push tickets (对接平台). Keys are sealed; the key before stays valid until previous_until.
CREATE TABLE platforms (
	id             VARCHAR(40)  NOT NULL PRIMARY KEY,
	name           VARCHAR(100) NOT NULL,
	source         VARCHAR(20)  NOT NULL,
	addresses      TEXT         NOT NULL,
	key_sealed     TEXT         NOT NULL,
	previous_key   TEXT         NOT NULL,
	previous_until BIGINT       NULL,
	created_at     BIGINT       NOT NULL,
	created_by     VARCHAR(40)  NOT NULL,
	disabled_at    BIGINT       NULL
) {{options}};

-- Which tickets a platform has pushed: it is told what happens to them.
CREATE TABLE platform_tickets (
	ticket_id VARCHAR(40) NOT NULL PRIMARY KEY,
	platform  VARCHAR(40) NOT NULL,
	order_no  VARCHAR(64) NOT NULL
) {{options}};

-- What happened to them, append-only, numbered per platform in the order of the commits.
CREATE TABLE platform_feed (
	platform    VARCHAR(40) NOT NULL,
	seq         BIGINT      NOT NULL,
	at          BIGINT      NOT NULL,
	order_no    VARCHAR(64) NOT NULL,
	kind        VARCHAR(20) NOT NULL,
	number      VARCHAR(32) NOT NULL,
	status      VARCHAR(20) NOT NULL,
	due_at      BIGINT      NULL,
	provisional SMALLINT    NOT NULL,
	PRIMARY KEY (platform, seq)
) {{options}};

-- Requests that were done, by signature: none is done twice. Folded into the audit log when they are too old to come again.
CREATE TABLE platform_requests (
	platform  VARCHAR(40) NOT NULL,
	signature VARCHAR(64) NOT NULL,
	at        BIGINT      NOT NULL,
	created   INTEGER     NOT NULL,
	updated   INTEGER     NOT NULL,
	unchanged INTEGER     NOT NULL,
	refused   INTEGER     NOT NULL,
	PRIMARY KEY (platform, signature)
) {{options}};
CREATE INDEX platform_requests_age ON platform_requests (at, platform, signature);
