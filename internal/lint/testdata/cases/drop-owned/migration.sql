DROP OWNED BY lint_case_owner;
