-- Which matter a ticket is about is found by an index that every process keeps in memory (package matter). It reads what changed by
-- matter_seq: the number that the sequence “intake” had when the row, or its matter, was last written.
-- matter_by is who put the ticket where it is: '' the program; 'apart' a person took it out of another matter; 'keep' a person put it here.
ALTER TABLE tickets ADD COLUMN matter_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tickets ADD COLUMN matter_by VARCHAR(8) NOT NULL DEFAULT '';
CREATE INDEX tickets_matter_seq ON tickets (matter_seq, id);
-- What was taken out of a case before: out of which matter it was is not known any more, so it stays where it is.
UPDATE tickets SET matter_by = 'keep' WHERE matter LIKE 'apart-%';

-- What persons decided about matters; append-only. kind is 'apart': the ticket is not about this matter, or 'keep': it is.
CREATE TABLE matter_decisions (
	id        VARCHAR(40) NOT NULL PRIMARY KEY,
	seq       BIGINT      NOT NULL,
	ticket_id VARCHAR(40) NOT NULL,
	matter    VARCHAR(64) NOT NULL,
	kind      VARCHAR(8)  NOT NULL,
	made_at   BIGINT      NOT NULL,
	made_by   VARCHAR(40) NOT NULL,
	reason    TEXT        NOT NULL
) {{options}};
CREATE INDEX matter_decisions_seq ON matter_decisions (seq, id);
CREATE INDEX matter_decisions_ticket ON matter_decisions (ticket_id, id);

-- The places and parties the street keeps (地名库). What was taken out stays for the record.
CREATE TABLE gazetteer (
	name       VARCHAR(100) NOT NULL PRIMARY KEY,
	kind       VARCHAR(20)  NOT NULL,
	aliases    TEXT         NOT NULL,
	changed_at BIGINT       NOT NULL,
	changed_by VARCHAR(40)  NOT NULL,
	removed    SMALLINT     NOT NULL
) {{options}};
CREATE INDEX matters_case ON matters (case_id, matter);
