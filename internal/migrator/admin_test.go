package migrator_test

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func (b *bench) server() *devdb.Server { return pgtest.Server(b) }

// connectAdmin connects to the test's database as the server's superuser.
func connectAdmin(b *bench) (*pgx.Conn, error) { return connectTo(b, b.db.Name) }

func connectTo(b *bench, database string) (*pgx.Conn, error) {
	admin, err := b.server().Admin(context.Background())
	if err != nil {
		return nil, err
	}
	defer admin.Close(context.Background())
	cfg := admin.Config().Copy()
	cfg.Database = database
	return pgx.ConnectConfig(context.Background(), cfg)
}
