-- open is 2 while a platform looks at a picture, 1 while it waits for a person, 0 once it is decided. trace is the platform's name of
-- its look; people_at is since when a person is to look, told_at when somebody was last told that nobody has. next_at is when something
-- falls due by itself: the platform is asked, or no longer waited for; somebody is told.
ALTER TABLE reviews ADD COLUMN trace VARCHAR(64) NOT NULL DEFAULT '';
ALTER TABLE reviews ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reviews ADD COLUMN people_at BIGINT NULL;
ALTER TABLE reviews ADD COLUMN told_at BIGINT NULL;
ALTER TABLE reviews ADD COLUMN next_at BIGINT NULL;
UPDATE reviews SET people_at = created_at, next_at = created_at WHERE open = 1;
CREATE INDEX reviews_due ON reviews (open, next_at, id);
CREATE INDEX reviews_trace ON reviews (trace);
CREATE INDEX attachments_brought ON attachments (owner, state, id);
