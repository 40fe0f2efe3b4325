-- Drop schema named "gone"
DROP SCHEMA "gone";
