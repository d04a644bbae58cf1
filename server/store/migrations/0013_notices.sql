-- What becomes of a notice: waiting, bundled (another's message tells it too), told, unconfirmed, untold, otherwise (told by other
-- means), or past: written before anything was sent, and not sent late.
ALTER TABLE outbox ADD COLUMN state VARCHAR(20) NOT NULL DEFAULT 'waiting';
-- staff or requester, from the moment it is settled.
ALTER TABLE outbox ADD COLUMN audience VARCHAR(10) NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN channel VARCHAR(20) NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN why VARCHAR(500) NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN settled_at BIGINT NULL;
ALTER TABLE outbox ADD COLUMN settled_by VARCHAR(40) NOT NULL DEFAULT '';
-- The office's morning it waits for, and the notice whose message tells it.
ALTER TABLE outbox ADD COLUMN send_at BIGINT NULL;
ALTER TABLE outbox ADD COLUMN bundle VARCHAR(40) NULL;
CREATE INDEX outbox_state ON outbox (state, audience, id);
CREATE INDEX outbox_bundle ON outbox (bundle);
UPDATE outbox SET done = 1, state = 'past' WHERE done = 0;

-- The notice that speaks for all that wait for one person's morning, while more may join it.
CREATE TABLE notice_bundles (
	recipient VARCHAR(80) NOT NULL,
	send_at   BIGINT      NOT NULL,
	notice_id VARCHAR(40) NOT NULL,
	joinable  SMALLINT    NOT NULL,
	PRIMARY KEY (recipient, send_at)
) {{options}};
CREATE INDEX notice_bundles_age ON notice_bundles (send_at);

-- One row per notice and channel, written before anything is sent: the key is what keeps a notice from going twice.
-- account tells by a blind index whom it went to; granted is the template whose grant is reserved for it.
CREATE TABLE deliveries (
	notice_id        VARCHAR(40)  NOT NULL,
	channel          VARCHAR(20)  NOT NULL,
	state            VARCHAR(20)  NOT NULL,
	tries            INTEGER      NOT NULL,
	account          VARCHAR(64)  NOT NULL,
	template         VARCHAR(64)  NOT NULL,
	template_version INTEGER      NOT NULL,
	granted          VARCHAR(64)  NOT NULL,
	started_at       BIGINT       NOT NULL,
	tried_at         BIGINT       NOT NULL,
	ended_at         BIGINT       NULL,
	code             INTEGER      NOT NULL,
	rid              VARCHAR(64)  NOT NULL,
	message_id       VARCHAR(64)  NOT NULL,
	why              VARCHAR(200) NOT NULL,
	possible_double  SMALLINT     NOT NULL,
	PRIMARY KEY (notice_id, channel)
) {{options}};
CREATE INDEX deliveries_message ON deliveries (channel, message_id);
CREATE INDEX deliveries_account ON deliveries (account, channel, started_at);

-- What the platform says afterwards became of a message; notice_id is the notice it settled.
CREATE TABLE delivery_events (
	id         VARCHAR(64)  NOT NULL PRIMARY KEY,
	channel    VARCHAR(20)  NOT NULL,
	account    VARCHAR(64)  NOT NULL,
	template   VARCHAR(64)  NOT NULL,
	message_id VARCHAR(64)  NOT NULL,
	delivered  SMALLINT     NOT NULL,
	why        VARCHAR(200) NOT NULL,
	at         BIGINT       NOT NULL,
	notice_id  VARCHAR(40)  NOT NULL
) {{options}};
CREATE INDEX delivery_events_notice ON delivery_events (notice_id, at, id);
CREATE INDEX delivery_events_message ON delivery_events (channel, message_id);
CREATE INDEX delivery_events_age ON delivery_events (at);

-- How many messages of a template a WeChat account has allowed us: the platform does not tell, so we keep count.
CREATE TABLE message_grants (
	account     VARCHAR(64) NOT NULL,
	template    VARCHAR(64) NOT NULL,
	remaining   INTEGER     NOT NULL,
	standing    SMALLINT    NOT NULL,
	accepted_at BIGINT      NULL,
	refused_at  BIGINT      NULL,
	PRIMARY KEY (account, template)
) {{options}};

-- What the client or the platform has reported of a grant, once each. One acceptance is seen from both sides: paired ones count once.
CREATE TABLE grant_reports (
	account  VARCHAR(64) NOT NULL,
	template VARCHAR(64) NOT NULL,
	id       VARCHAR(80) NOT NULL,
	source   VARCHAR(10) NOT NULL,
	answer   VARCHAR(20) NOT NULL,
	at       BIGINT      NOT NULL,
	paired   SMALLINT    NOT NULL,
	PRIMARY KEY (account, template, id)
) {{options}};
CREATE INDEX grant_reports_age ON grant_reports (at);
