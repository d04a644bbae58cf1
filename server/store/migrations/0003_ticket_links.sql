-- Which tickets name which order of their source: read when the order itself comes in later than they did.
CREATE TABLE ticket_links (
	source    VARCHAR(20) NOT NULL,
	order_no  VARCHAR(64) NOT NULL,
	ticket_id VARCHAR(40) NOT NULL,
	PRIMARY KEY (source, order_no, ticket_id)
) {{options}};
CREATE INDEX ticket_links_ticket ON ticket_links (ticket_id);
