ALTER TABLE orders ALTER COLUMN note TYPE boolean USING (note IS NOT NULL AND lower(note) IN ('yes', 'y'));
ALTER TABLE customers ALTER COLUMN mail TYPE jsonb USING to_jsonb(mail);
