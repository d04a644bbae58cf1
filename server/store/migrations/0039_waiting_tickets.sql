-- Tickets of a source that wait, in no case, are one range: aging_at is NULL where a ticket is in a case or closed.
CREATE INDEX tickets_waiting ON tickets (source, aging_at, id);
