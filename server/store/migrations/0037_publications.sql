-- What the street tells its residents about a case, in words that a person of the centre wrote for them; a story once it is resolved. state: published, withdrawn.
-- people counts those in me_toos.
CREATE TABLE publications (
	id           VARCHAR(40)  NOT NULL PRIMARY KEY,
	case_id      VARCHAR(40)  NOT NULL,
	state        VARCHAR(12)  NOT NULL,
	title        VARCHAR(255) NOT NULL,
	words        TEXT         NOT NULL,
	published_at BIGINT       NOT NULL,
	people       INTEGER      NOT NULL,
	story_title  VARCHAR(255) NOT NULL,
	problem      TEXT         NOT NULL,
	done         TEXT         NOT NULL,
	story_at     BIGINT       NULL,
	UNIQUE (case_id)
) {{options}};
CREATE INDEX publications_state ON publications (state, published_at, id);
CREATE INDEX publications_story ON publications (state, story_at, id);
-- Who has said that they meet a published matter too, once each, and their ticket in its case. Where what names them is erased, the ticket's id takes the place of requester: the count stays.
CREATE TABLE me_toos (
	publication_id VARCHAR(40) NOT NULL,
	requester      VARCHAR(64) NOT NULL,
	ticket_id      VARCHAR(40) NOT NULL,
	at             BIGINT      NOT NULL,
	PRIMARY KEY (publication_id, requester)
) {{options}};
CREATE INDEX me_toos_ticket ON me_toos (ticket_id);
