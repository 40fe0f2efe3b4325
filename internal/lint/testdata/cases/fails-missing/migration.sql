ALTER TABLE nothing ADD kind text;
