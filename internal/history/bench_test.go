package history

import (
	"context"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
)

func BenchmarkCheck(b *testing.B) {
	base := projecttest.Repository(b, pgtest.Server(b))
	for b.Loop() {
		if _, err := Check(context.Background(), base); err != nil {
			b.Fatal(err)
		}
	}
}
