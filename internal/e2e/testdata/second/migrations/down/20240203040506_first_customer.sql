DELETE FROM "Shop Floor"."Customer" WHERE "e-mail" = 'O''Brien; -- @example.com';
