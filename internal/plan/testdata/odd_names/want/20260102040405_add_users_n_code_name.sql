ALTER TABLE "App-Data"."Users" ADD COLUMN "Ünïcode name" text DEFAULT 'a; b -- c'::text NOT NULL;
