package migrator_test

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// connectAdmin connects to the test's database as the server's superuser.
func connectAdmin(b *bench) (*pgx.Conn, error) {
	admin, err := pgtest.Server(b).Admin(context.Background())
	if err != nil {
		return nil, err
	}
	defer admin.Close(context.Background())
	cfg := admin.Config().Copy()
	cfg.Database = b.db.Name
	return pgx.ConnectConfig(context.Background(), cfg)
}
