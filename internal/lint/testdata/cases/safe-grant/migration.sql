GRANT SELECT ON orders TO lint_case_reader;
