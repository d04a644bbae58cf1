-- What residents wrote or brought that waits to be looked at before others see it. The words are sealed here, and gone from here
-- once it is decided: passed ones stand in the case then. open is 1 while it waits.
CREATE TABLE reviews (
	id            VARCHAR(40) NOT NULL PRIMARY KEY,
	open          SMALLINT    NOT NULL,
	passed        SMALLINT    NOT NULL,
	command       VARCHAR(40) NOT NULL,
	case_id       VARCHAR(40) NOT NULL,
	number        VARCHAR(32) NOT NULL,
	ticket_id     VARCHAR(40) NOT NULL,
	attachment_id VARCHAR(40) NOT NULL,
	sealed        TEXT        NOT NULL,
	sealed_key    INTEGER     NOT NULL,
	reason        TEXT        NOT NULL,
	decided_by    VARCHAR(40) NOT NULL,
	created_at    BIGINT      NOT NULL,
	decided_at    BIGINT      NULL
) {{options}};
CREATE INDEX reviews_open ON reviews (open, id);
CREATE INDEX reviews_sealed ON reviews (sealed_key, id);
CREATE INDEX reviews_ticket ON reviews (ticket_id);
