ALTER VIEW names RENAME COLUMN name TO full_name;
