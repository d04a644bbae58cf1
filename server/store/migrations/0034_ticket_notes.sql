-- What requesters say beside a ticket: what a report brought along, facts added later. Words are sealed, and stand in no timeline, so that they
-- can be erased. state: shown, waiting (to be looked at), refused. Of a report that waits, ticket_id is '' and sealed holds all of it; its ticket is made when it passes.
CREATE TABLE ticket_notes (
	id         VARCHAR(40) NOT NULL PRIMARY KEY,
	ticket_id  VARCHAR(40) NOT NULL,
	author     VARCHAR(40) NOT NULL,
	kind       VARCHAR(12) NOT NULL,
	state      VARCHAR(12) NOT NULL,
	sealed     TEXT        NOT NULL,
	sealed_key INTEGER     NOT NULL,
	created_at BIGINT      NOT NULL
) {{options}};
CREATE INDEX ticket_notes_ticket ON ticket_notes (ticket_id, id);
CREATE INDEX ticket_notes_author ON ticket_notes (author, ticket_id, id);
CREATE INDEX ticket_notes_sealed ON ticket_notes (sealed_key, id);
-- A picture of a note is in no case; review is where it stands: '' once others may see it.
ALTER TABLE attachments ADD COLUMN note_id VARCHAR(40) NOT NULL DEFAULT '';
ALTER TABLE attachments ADD COLUMN review VARCHAR(12) NOT NULL DEFAULT '';
CREATE INDEX attachments_note ON attachments (note_id, id);
ALTER TABLE reviews ADD COLUMN note_id VARCHAR(40) NOT NULL DEFAULT '';
-- A requester's tickets that are in no case are one range.
CREATE INDEX tickets_own ON tickets (requester, case_id, accepted_at, id);
