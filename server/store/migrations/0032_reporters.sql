-- Who reported a case, so that what somebody reported is one range of an index, newest first: ids are in the order of time. It never changes.
ALTER TABLE cases ADD COLUMN reporter VARCHAR(40) NOT NULL DEFAULT '';
UPDATE cases SET reporter = COALESCE(REPLACE(JSON_EXTRACT(CAST(body AS CHAR), '$.reporter'), '"', ''), '');
CREATE INDEX cases_reporter ON cases (reporter, id);
