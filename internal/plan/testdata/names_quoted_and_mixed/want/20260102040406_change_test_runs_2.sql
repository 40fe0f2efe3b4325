-- atlas:txmode none

-- Fill "order" in the rows that were there before, batch by batch.
-- repeatable it fills only what is still NULL
DO $$
DECLARE
  batch_start record;
  batch_end record;
BEGIN
  SELECT r."Id" INTO batch_start FROM "App Data"."Test Runs" r ORDER BY r."Id" LIMIT 1;
  LOOP
    SELECT r."Id" INTO batch_end FROM "App Data"."Test Runs" r WHERE r."Id" >= batch_start."Id" ORDER BY r."Id" OFFSET 5000 LIMIT 1;
    EXIT WHEN NOT FOUND;
    UPDATE "App Data"."Test Runs" r SET "order" = DEFAULT WHERE r."Id" >= batch_start."Id" AND r."Id" < batch_end."Id" AND r."order" IS NULL;
    COMMIT;
    batch_start := batch_end;
  END LOOP;
  UPDATE "App Data"."Test Runs" r SET "order" = DEFAULT WHERE r."Id" >= batch_start."Id" AND r."order" IS NULL;
END
$$;

ANALYZE "App Data"."Test Runs" ("order");
