-- One notice in an inbox may go out to several: to who asked, and to family who act for them by consent (recipient 'family:' and the
-- consent's id).
CREATE INDEX outbox_inbox ON outbox (inbox_id);
