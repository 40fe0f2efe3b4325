DROP FUNCTION total(int);
