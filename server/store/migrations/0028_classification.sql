-- What classification goes by beside policy and organisation, each loaded whole and kept in versions, the newest ruling: 'topics' the tree
-- of topics with the words that tell them, 'duties' the duty list (权责清单). body is JSON.
CREATE TABLE catalogues (
	kind       VARCHAR(20) NOT NULL,
	version    INTEGER     NOT NULL,
	body       MEDIUMTEXT  NOT NULL,
	created_at BIGINT      NOT NULL,
	created_by VARCHAR(40) NOT NULL,
	PRIMARY KEY (kind, version)
) {{options}};

-- What was learned from the street's own history (package classify), of a kind: 'topics', 'leads'. A model holds hashes of pieces of
-- texts with weights, no text. At most one of a kind is in use (active = 1).
CREATE TABLE models (
	version     VARCHAR(40) NOT NULL PRIMARY KEY,
	kind        VARCHAR(20) NOT NULL,
	examples    INTEGER     NOT NULL,
	figures     TEXT        NOT NULL,
	body        MEDIUMBLOB  NOT NULL,
	active      SMALLINT    NOT NULL,
	created_at  BIGINT      NOT NULL,
	created_by  VARCHAR(40) NOT NULL,
	switched_at BIGINT      NULL,
	switched_by VARCHAR(40) NOT NULL
) {{options}};

-- What tickets of late are about, for what is rising. They go when they are too old to be compared with.
CREATE TABLE ticket_topics (
	ticket_id VARCHAR(40)  NOT NULL PRIMARY KEY,
	day       VARCHAR(10)  NOT NULL,
	topic     VARCHAR(100) NOT NULL,
	place     VARCHAR(100) NOT NULL
) {{options}};
CREATE INDEX ticket_topics_day ON ticket_topics (day, topic, place);
