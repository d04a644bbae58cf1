-- What is loaded once and then cached by every process: a process reloads when the number here grows.
CREATE TABLE revisions (
	name  VARCHAR(40) NOT NULL PRIMARY KEY,
	value BIGINT      NOT NULL
) {{options}};

-- Counters in one place: case numbers by year.
CREATE TABLE sequences (
	name  VARCHAR(40) NOT NULL PRIMARY KEY,
	value BIGINT      NOT NULL
) {{options}};

-- Working days (domain §4). The highest edition of a year rules; earlier ones stay for the record.
CREATE TABLE calendar_years (
	year      INTEGER      NOT NULL,
	edition   INTEGER      NOT NULL,
	source    VARCHAR(200) NOT NULL,
	body      TEXT         NOT NULL,
	loaded_at BIGINT       NOT NULL,
	loaded_by VARCHAR(40)  NOT NULL,
	PRIMARY KEY (year, edition)
) {{options}};

CREATE TABLE calendar_closures (
	id         VARCHAR(40)  NOT NULL PRIMARY KEY,
	from_on    VARCHAR(10)  NOT NULL,
	to_on      VARCHAR(10)  NOT NULL,
	reason     VARCHAR(500) NOT NULL,
	created_at BIGINT       NOT NULL,
	created_by VARCHAR(40)  NOT NULL,
	revoked_at BIGINT       NULL
) {{options}};

CREATE TABLE policies (
	version      INTEGER     NOT NULL PRIMARY KEY,
	effective_on VARCHAR(10) NOT NULL,
	body         TEXT        NOT NULL,
	created_at   BIGINT      NOT NULL,
	created_by   VARCHAR(40) NOT NULL
) {{options}};

-- The organisation: rows of one kind and id, body as JSON. It is read whole into memory and is small.
CREATE TABLE organisation (
	kind VARCHAR(20) NOT NULL,
	id   VARCHAR(40) NOT NULL,
	body TEXT        NOT NULL,
	PRIMARY KEY (kind, id)
) {{options}};

-- Tickets as their sources sent them (domain §1), keyed by source and order number.
CREATE TABLE tickets (
	id          VARCHAR(40)  NOT NULL PRIMARY KEY,
	source      VARCHAR(20)  NOT NULL,
	order_no    VARCHAR(64)  NOT NULL,
	fingerprint VARCHAR(64)  NOT NULL,
	title       VARCHAR(200) NOT NULL,
	matter      VARCHAR(64)  NOT NULL,
	requester   VARCHAR(64)  NOT NULL,
	accepted_at BIGINT       NOT NULL,
	aging_at    BIGINT       NULL,
	case_id     VARCHAR(40)  NOT NULL,
	body        MEDIUMTEXT   NOT NULL,
	raw         MEDIUMTEXT   NOT NULL,
	created_at  BIGINT       NOT NULL,
	updated_at  BIGINT       NOT NULL,
	UNIQUE (source, order_no)
) {{options}};
CREATE INDEX tickets_matter ON tickets (matter, accepted_at, id);
CREATE INDEX tickets_list ON tickets (accepted_at, id);
CREATE INDEX tickets_case ON tickets (case_id, accepted_at, id);
CREATE INDEX tickets_requester ON tickets (requester, accepted_at, id);
CREATE INDEX tickets_aging ON tickets (aging_at, id);

-- One import and its bad rows.
CREATE TABLE imports (
	id          VARCHAR(40)  NOT NULL PRIMARY KEY,
	file_name   VARCHAR(255) NOT NULL,
	source      VARCHAR(20)  NOT NULL,
	created_by  VARCHAR(40)  NOT NULL,
	started_at  BIGINT       NOT NULL,
	finished_at BIGINT       NULL,
	result      TEXT         NOT NULL
) {{options}};
CREATE INDEX imports_list ON imports (started_at, id);

CREATE TABLE import_problems (
	import_id VARCHAR(40) NOT NULL,
	line      INTEGER     NOT NULL,
	part      INTEGER     NOT NULL,
	fatal     SMALLINT    NOT NULL,
	order_no  VARCHAR(64) NOT NULL,
	message   TEXT        NOT NULL,
	PRIMARY KEY (import_id, line, part)
) {{options}};

-- Hard cases. body is the case as a value; the columns beside it are what lists, the sweeper and the chain need.
CREATE TABLE cases (
	id                 VARCHAR(40)  NOT NULL PRIMARY KEY,
	number             VARCHAR(32)  NOT NULL,
	version            BIGINT       NOT NULL,
	status             VARCHAR(20)  NOT NULL,
	open               SMALLINT     NOT NULL,
	tier               VARCHAR(4)   NOT NULL,
	round              INTEGER      NOT NULL,
	title              VARCHAR(255) NOT NULL,
	place              VARCHAR(255) NOT NULL,
	domain             VARCHAR(20)  NOT NULL,
	topic              VARCHAR(100) NOT NULL,
	triggers           VARCHAR(160) NOT NULL,
	tickets            INTEGER      NOT NULL,
	community_id       VARCHAR(40)  NOT NULL,
	grid_id            VARCHAR(40)  NOT NULL,
	lead_department_id VARCHAR(40)  NOT NULL,
	handler_id         VARCHAR(40)  NOT NULL,
	overdue            SMALLINT     NOT NULL,
	provisional        SMALLINT     NOT NULL,
	due_at             BIGINT       NULL,
	sort_at            BIGINT       NOT NULL,
	next_due_at        BIGINT       NULL,
	calendar_revision  BIGINT       NULL,
	head_hash          VARCHAR(64)  NOT NULL,
	created_at         BIGINT       NOT NULL,
	updated_at         BIGINT       NOT NULL,
	body               MEDIUMTEXT   NOT NULL,
	UNIQUE (number)
) {{options}};
CREATE INDEX cases_due ON cases (next_due_at, id);
CREATE INDEX cases_calendar ON cases (calendar_revision, id);
CREATE INDEX cases_open ON cases (open, sort_at, id);
CREATE INDEX cases_status ON cases (status, sort_at, id);
CREATE INDEX cases_tier ON cases (open, tier, sort_at, id);
CREATE INDEX cases_lead ON cases (lead_department_id, open, sort_at, id);
CREATE INDEX cases_lead_status ON cases (lead_department_id, status, sort_at, id);
CREATE INDEX cases_grid ON cases (grid_id, open, sort_at, id);
CREATE INDEX cases_grid_status ON cases (grid_id, status, sort_at, id);
CREATE INDEX cases_overdue ON cases (overdue, sort_at, id);
CREATE INDEX cases_changed ON cases (updated_at, id);

-- The timeline: append-only, chained by hash per case.
CREATE TABLE case_events (
	case_id     VARCHAR(40) NOT NULL,
	seq         BIGINT      NOT NULL,
	kind        VARCHAR(40) NOT NULL,
	at          BIGINT      NOT NULL,
	recorded_at BIGINT      NOT NULL,
	is_public   SMALLINT    NOT NULL,
	hash        VARCHAR(64) NOT NULL,
	body        MEDIUMTEXT  NOT NULL,
	PRIMARY KEY (case_id, seq)
) {{options}};

-- Heads of all chains that moved, noted once a day, so that a chain rewritten as a whole shows too.
CREATE TABLE anchors (
	id        VARCHAR(40) NOT NULL PRIMARY KEY,
	made_at   BIGINT      NOT NULL,
	until_at  BIGINT      NOT NULL,
	heads     INTEGER     NOT NULL,
	hash      VARCHAR(64) NOT NULL,
	follows   VARCHAR(40) NOT NULL,
	UNIQUE (follows)
) {{options}};

CREATE TABLE anchor_heads (
	anchor_id VARCHAR(40) NOT NULL,
	case_id   VARCHAR(40) NOT NULL,
	seq       BIGINT      NOT NULL,
	hash      VARCHAR(64) NOT NULL,
	PRIMARY KEY (anchor_id, case_id)
) {{options}};

-- Who has a case in their scope, repeated with what lists filter and sort by, so that a list is one range of one index.
CREATE TABLE case_viewers (
	viewer  VARCHAR(80) NOT NULL,
	case_id VARCHAR(40) NOT NULL,
	open    SMALLINT    NOT NULL,
	status  VARCHAR(20) NOT NULL,
	sort_at BIGINT      NOT NULL,
	PRIMARY KEY (viewer, case_id)
) {{options}};
CREATE INDEX case_viewers_case ON case_viewers (case_id);
CREATE INDEX case_viewers_open ON case_viewers (viewer, open, sort_at, case_id);
CREATE INDEX case_viewers_status ON case_viewers (viewer, status, sort_at, case_id);

-- What waits for whom.
CREATE TABLE case_todos (
	addressee VARCHAR(80) NOT NULL,
	kind      VARCHAR(20) NOT NULL,
	case_id   VARCHAR(40) NOT NULL,
	ref       VARCHAR(60) NOT NULL,
	due_at    BIGINT      NOT NULL,
	PRIMARY KEY (case_id, addressee, kind, ref)
) {{options}};
CREATE INDEX case_todos_list ON case_todos (addressee, due_at, case_id, kind, ref);
CREATE INDEX case_todos_kind ON case_todos (addressee, kind, case_id, ref);

-- Which case a matter is in now, and which evidence has counted for it.
CREATE TABLE matters (
	matter  VARCHAR(64) NOT NULL PRIMARY KEY,
	case_id VARCHAR(40) NOT NULL
) {{options}};

CREATE TABLE evidence (
	matter  VARCHAR(64)  NOT NULL,
	item    VARCHAR(160) NOT NULL,
	case_id VARCHAR(40)  NOT NULL,
	PRIMARY KEY (matter, item)
) {{options}};
CREATE INDEX evidence_case ON evidence (case_id);

CREATE TABLE inbox (
	id         VARCHAR(40) NOT NULL PRIMARY KEY,
	recipient  VARCHAR(80) NOT NULL,
	stands_for VARCHAR(40) NOT NULL,
	case_id    VARCHAR(40) NOT NULL,
	number     VARCHAR(32) NOT NULL,
	seq        BIGINT      NOT NULL,
	kind       VARCHAR(40) NOT NULL,
	urgent     SMALLINT    NOT NULL,
	args       TEXT        NOT NULL,
	created_at BIGINT      NOT NULL,
	is_read    SMALLINT    NOT NULL,
	read_at    BIGINT      NULL
) {{options}};
CREATE INDEX inbox_list ON inbox (recipient, id);
CREATE INDEX inbox_unread ON inbox (recipient, is_read, id);

-- Notices on their way out; a dispatcher leases, sends, and marks them.
CREATE TABLE outbox (
	id           VARCHAR(40) NOT NULL PRIMARY KEY,
	inbox_id     VARCHAR(40) NOT NULL,
	recipient    VARCHAR(80) NOT NULL,
	kind         VARCHAR(40) NOT NULL,
	urgent       SMALLINT    NOT NULL,
	created_at   BIGINT      NOT NULL,
	done         SMALLINT    NOT NULL,
	leased_until BIGINT      NOT NULL,
	lease        VARCHAR(40) NOT NULL,
	attempts     INTEGER     NOT NULL
) {{options}};
CREATE INDEX outbox_waiting ON outbox (done, leased_until, id);

-- What a client's key already did: a repeated request does nothing the second time.
CREATE TABLE idempotency (
	actor      VARCHAR(40)  NOT NULL,
	item       VARCHAR(100) NOT NULL,
	request    VARCHAR(64)  NOT NULL,
	case_id    VARCHAR(40)  NOT NULL,
	created_at BIGINT       NOT NULL,
	PRIMARY KEY (actor, item)
) {{options}};
CREATE INDEX idempotency_age ON idempotency (created_at);
