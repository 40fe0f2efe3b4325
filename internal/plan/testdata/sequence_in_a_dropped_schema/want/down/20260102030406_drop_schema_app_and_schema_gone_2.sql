-- Reverse: drop schema named "gone"
CREATE SCHEMA "gone";
