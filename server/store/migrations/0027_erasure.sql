-- Since when a person wants what names them in a ticket erased that cannot be yet, because its case is being handled. The daily run does it
-- once it can.
ALTER TABLE tickets ADD COLUMN erasure_asked_at BIGINT NULL;
CREATE INDEX tickets_erasure ON tickets (erasure_asked_at, id);

-- What is nobody's, or has not been used for years, is dropped.
CREATE INDEX wechat_identities_sides ON wechat_identities (resident_at, staff_id, id);
CREATE INDEX wechat_identities_seen ON wechat_identities (seen_at, id);
CREATE INDEX wechat_followers_changed ON wechat_followers (follows, changed_at, id);
