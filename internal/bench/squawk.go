package bench

// squawkRules maps squawk's rules to our hazards, generously: even if the advice doesn't fit.
var squawkRules = map[string][]string{
	"adding-field-with-default":                    {"add-column-volatile-default", "add-column-stored-generated", "add-column-serial-identity"},
	"adding-foreign-key-constraint":                {"add-fk-validating"},
	"adding-not-nullable-field":                    {"set-not-null-scan"},
	"adding-required-field":                        {"add-not-null-column-no-default"},
	"adding-serial-primary-key-field":              {"add-pk-blocking"},
	"ban-alter-domain-with-add-constraint":         {"alter-domain-constraint-scan"},
	"ban-concurrent-index-creation-in-transaction": {"concurrently-in-transaction"},
	"ban-drop-column":                              {"drop-column"},
	"ban-drop-database":                            {"drop-database"},
	"ban-drop-not-null":                            {"drop-not-null"},
	"ban-drop-table":                               {"drop-table"},
	"ban-duplicate-column-assignments":             {"migration-fails"},
	"ban-truncate-cascade":                         {"truncate-cascade"},
	"ban-uncommitted-transaction":                  {"uncommitted-transaction"},
	"changing-column-type":                         {"type-change-rewrite"},
	"constraint-missing-not-valid":                 {"add-check-validating", "add-exclusion-constraint", "add-fk-validating", "add-unique-blocking", "validate-in-same-transaction"},
	"disallowed-unique-constraint":                 {"add-unique-blocking"},
	"prefer-repack":                                {"cluster-rewrite", "vacuum-full"},
	"renaming-column":                              {"rename-column"},
	"renaming-table":                               {"rename-table"},
	"require-concurrent-index-creation":            {"create-index-blocking"},
	"require-concurrent-index-deletion":            {"drop-index-blocking"},
	"require-concurrent-partition-detach":          {"detach-partition-blocking"},
	"require-concurrent-reindex":                   {"reindex-blocking"},
	"syntax-error":                                 {"migration-fails"},
	"transaction-nesting":                          {"nested-transaction"},
}

// squawkTaste are squawk's rules about style and time limits, which are opt-in here. They count for neither.
var squawkTaste = []string{
	"ban-char-field", "ban-create-domain-with-constraint", "identifier-too-long", "prefer-bigint-over-int", "prefer-bigint-over-smallint",
	"prefer-identity", "prefer-robust-stmts", "prefer-text-field", "prefer-timestamp-tz", "require-enum-value-ordering",
	"require-lock-timeout", "require-statement-timeout", "require-table-schema",
}
