-- Why a version of the policy was made, what a rehearsal of its triggers showed, and whether it was taken back before its day.
ALTER TABLE policies ADD COLUMN reason VARCHAR(500) NOT NULL DEFAULT '';
ALTER TABLE policies ADD COLUMN dry_run TEXT NULL;
ALTER TABLE policies ADD COLUMN withdrawn_at BIGINT NULL;
ALTER TABLE policies ADD COLUMN withdrawn_by VARCHAR(40) NOT NULL DEFAULT '';
