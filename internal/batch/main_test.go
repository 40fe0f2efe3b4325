package batch_test

import (
	"os"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
