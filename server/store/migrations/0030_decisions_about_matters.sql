-- When a matter is merged into another, what was taken out of it is looked up, so that it stays out.
CREATE INDEX matter_decisions_matter ON matter_decisions (matter, id);
