package pgsql

import "errors"

// SQLSTATEs, by their condition names in PostgreSQL's manual (Appendix A).
const (
	FeatureNotSupported               = "0A000"
	DivisionByZero                    = "22012"
	InvalidParameterValue             = "22023"
	UniqueViolation                   = "23505"
	ActiveSQLTransaction              = "25001"
	NoActiveSQLTransaction            = "25P01"
	InvalidAuthorizationSpecification = "28000"
	InvalidPassword                   = "28P01"
	DependentObjectsStillExist        = "2BP01"
	InvalidTransactionTermination     = "2D000"
	InvalidCatalogName                = "3D000"
	InvalidSchemaName                 = "3F000"
	SerializationFailure              = "40001"
	DeadlockDetected                  = "40P01"
	InsufficientPrivilege             = "42501"
	NameTooLong                       = "42622"
	DuplicateColumn                   = "42701"
	UndefinedColumn                   = "42703"
	UndefinedObject                   = "42704"
	DuplicateObject                   = "42710"
	DatatypeMismatch                  = "42804"
	WrongObjectType                   = "42809"
	CannotCoerce                      = "42846"
	UndefinedFunction                 = "42883"
	UndefinedTable                    = "42P01"
	DuplicateSchema                   = "42P06"
	DuplicateTable                    = "42P07"
	TooManyConnections                = "53300"
	ConfigurationLimitExceeded        = "53400"
	ObjectInUse                       = "55006"
	LockNotAvailable                  = "55P03"
	UnsafeNewEnumValueUsage           = "55P04"
	QueryCanceled                     = "57014"
	CannotConnectNow                  = "57P03"
	UndefinedFile                     = "58P01"
	InternalError                     = "XX000"
)

// Classes of SQLSTATEs, which are their first two characters.
const (
	DataException                = "22"
	IntegrityConstraintViolation = "23"
)

// SQLState returns the SQLSTATE of the PostgreSQL error in err's chain, or "" if there is none.
func SQLState(err error) string {
	var refused interface{ SQLState() string }
	if errors.As(err, &refused) {
		return refused.SQLState()
	}
	return ""
}
