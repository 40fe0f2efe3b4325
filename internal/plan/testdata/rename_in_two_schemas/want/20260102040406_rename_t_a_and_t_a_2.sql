-- Rename column app.t.a to b. What runs meanwhile and uses the old name fails from now on.
ALTER TABLE app.t RENAME COLUMN a TO b;
