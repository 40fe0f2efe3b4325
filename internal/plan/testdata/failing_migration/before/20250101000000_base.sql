CREATE TABLE runs (id uuid PRIMARY KEY, summary jsonb);
