-- Under which key an import's pieces are sealed: a key is forgotten only when nothing is under it. They live for days, so what
-- was there before counts as under the oldest.
ALTER TABLE import_chunks ADD COLUMN sealed_key INTEGER NOT NULL DEFAULT 0;
ALTER TABLE import_rows ADD COLUMN sealed_key INTEGER NOT NULL DEFAULT 0;
CREATE INDEX import_chunks_sealed ON import_chunks (sealed_key, import_id);
CREATE INDEX import_rows_sealed ON import_rows (sealed_key, import_id);
