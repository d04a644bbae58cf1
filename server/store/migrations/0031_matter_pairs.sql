-- Two matters that may be the same, kept with the tickets that come in so that the list is one range of an index. matter_a is before
-- matter_b; ticket_a and ticket_b are the two that are most alike. state: 'open' nobody has decided; 'apart' a person has said that they are
-- not the same: not proposed again. Where they were the same, the row goes with the matter. likeness is in thousandths.
CREATE TABLE matter_pairs (
	matter_a   VARCHAR(64) NOT NULL,
	matter_b   VARCHAR(64) NOT NULL,
	ticket_a   VARCHAR(40) NOT NULL,
	ticket_b   VARCHAR(40) NOT NULL,
	likeness   INTEGER     NOT NULL,
	state      VARCHAR(8)  NOT NULL,
	found_at   BIGINT      NOT NULL,
	decided_at BIGINT      NULL,
	decided_by VARCHAR(40) NOT NULL,
	reason     TEXT        NOT NULL,
	PRIMARY KEY (matter_a, matter_b)
) {{options}};
CREATE INDEX matter_pairs_b ON matter_pairs (matter_b, matter_a);
CREATE INDEX matter_pairs_state ON matter_pairs (state, likeness, matter_a, matter_b);
CREATE INDEX matter_pairs_ticket_a ON matter_pairs (ticket_a);
CREATE INDEX matter_pairs_ticket_b ON matter_pairs (ticket_b);
