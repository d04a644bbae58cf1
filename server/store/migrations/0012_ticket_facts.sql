-- What lists have said of tickets: once each, by list, day and order. What a ticket that is not in yet waits for is sealed
-- here; afterwards it stands in the ticket. says tells by its blind hash whether a row says the same again.
CREATE TABLE ticket_facts (
	source      VARCHAR(20) NOT NULL,
	order_no    VARCHAR(64) NOT NULL,
	list        VARCHAR(20) NOT NULL,
	listed_on   VARCHAR(10) NOT NULL,
	says        VARCHAR(64) NOT NULL,
	waiting     SMALLINT    NOT NULL,
	sealed_body TEXT        NULL,
	sealed_key  INTEGER     NOT NULL,
	created_at  BIGINT      NOT NULL,
	PRIMARY KEY (source, order_no, list, listed_on)
) {{options}};
CREATE INDEX ticket_facts_sealed ON ticket_facts (sealed_key, source, order_no);
CREATE INDEX ticket_facts_waiting ON ticket_facts (waiting, created_at);
