REASSIGN OWNED BY lint_case_owner TO lint_case_heir;
