-- What counts in a figure: one row for each, written with its event and never summed in place, so that no two commands wait for one row.
-- happened_on is a day of Shanghai's. department_id is the lead at that moment; grid_id and topic are the case's, and follow it.
CREATE TABLE happenings (
	case_id       VARCHAR(40)  NOT NULL,
	seq           BIGINT       NOT NULL,
	kind          VARCHAR(20)  NOT NULL,
	happened_on   VARCHAR(10)  NOT NULL,
	department_id VARCHAR(40)  NOT NULL,
	grid_id       VARCHAR(40)  NOT NULL,
	topic         VARCHAR(100) NOT NULL,
	PRIMARY KEY (case_id, seq, kind)
) {{options}};
CREATE INDEX happenings_days ON happenings (happened_on, kind, department_id, topic, grid_id);
