-- A viewer can be a person within a place of work, “person:P@department:D”: longer than a post.
CREATE TABLE case_viewers_wide (
	viewer  VARCHAR(120) NOT NULL,
	case_id VARCHAR(40)  NOT NULL,
	open    SMALLINT     NOT NULL,
	status  VARCHAR(20)  NOT NULL,
	sort_at BIGINT       NOT NULL,
	PRIMARY KEY (viewer, case_id)
) {{options}};
INSERT INTO case_viewers_wide (viewer, case_id, open, status, sort_at)
	SELECT v.viewer, v.case_id, v.open, v.status, v.sort_at FROM case_viewers v
	LEFT JOIN case_viewers_wide w ON w.viewer = v.viewer AND w.case_id = v.case_id WHERE w.case_id IS NULL;
DROP TABLE case_viewers;
ALTER TABLE case_viewers_wide RENAME TO case_viewers;
CREATE INDEX case_viewers_case ON case_viewers (case_id);
CREATE INDEX case_viewers_open ON case_viewers (viewer, open, sort_at, case_id);
CREATE INDEX case_viewers_status ON case_viewers (viewer, status, sort_at, case_id);

-- Changes of the organisation put forward, with the preview that whoever decides has read. body is the file, sealed; it is
-- emptied with the decision.
CREATE TABLE organisation_changes (
	id          VARCHAR(40) NOT NULL PRIMARY KEY,
	status      VARCHAR(20) NOT NULL,
	posts       SMALLINT    NOT NULL,
	whole       SMALLINT    NOT NULL,
	revision    BIGINT      NOT NULL,
	proposed_by VARCHAR(40) NOT NULL,
	proposed_at BIGINT      NOT NULL,
	decided_by  VARCHAR(40) NOT NULL,
	decided_at  BIGINT      NULL,
	preview     MEDIUMTEXT  NOT NULL,
	body        MEDIUMTEXT  NOT NULL
) {{options}};
CREATE INDEX organisation_changes_status ON organisation_changes (status, id);

-- People who left or moved, and whose open work is yet to be handed over.
CREATE TABLE handovers (
	id         VARCHAR(40) NOT NULL PRIMARY KEY,
	person_id  VARCHAR(40) NOT NULL,
	revision   BIGINT      NOT NULL,
	created_at BIGINT      NOT NULL
) {{options}};
