-- How many codes were tried in a sign-in under way: the fifth wrong one ends it, wherever they come from.
ALTER TABLE sign_ins ADD COLUMN codes INTEGER NOT NULL DEFAULT 0;
