ALTER TABLE orders ALTER COLUMN note TYPE integer USING CASE WHEN note = '' THEN 0 ELSE note::integer END;
