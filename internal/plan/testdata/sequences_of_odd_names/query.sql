INSERT INTO "My App".draws DEFAULT VALUES RETURNING 'draws goes on at ' || id
