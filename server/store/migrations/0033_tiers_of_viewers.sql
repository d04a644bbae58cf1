-- The tier beside what lists of a viewer filter by, so that the cases of one tier in somebody's scope are one range of an index, what falls
-- due first in front: counted up to a bound, and listed.
ALTER TABLE case_viewers ADD COLUMN tier VARCHAR(4) NOT NULL DEFAULT '';
UPDATE case_viewers SET tier = (SELECT c.tier FROM cases c WHERE c.id = case_viewers.case_id);
CREATE INDEX case_viewers_tier ON case_viewers (viewer, tier, open, sort_at, case_id);
