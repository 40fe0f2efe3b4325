package devdb_test

import (
	"context"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
)

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		s, err := devdb.Start(context.Background(), devdb.Config{})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		s.Close()
		b.StartTimer()
	}
}

func BenchmarkClose(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		s, err := devdb.Start(context.Background(), devdb.Config{})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		s.Close()
	}
}

func BenchmarkDatabase(b *testing.B) {
	ctx := context.Background()
	s, err := devdb.Start(ctx, devdb.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	from, err := s.Create(ctx)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("create", func(b *testing.B) {
		for b.Loop() {
			db, err := s.Create(ctx)
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			db.Drop(ctx)
			b.StartTimer()
		}
	})
	b.Run("clone", func(b *testing.B) {
		for b.Loop() {
			db, err := s.Clone(ctx, from)
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			db.Drop(ctx)
			b.StartTimer()
		}
	})
	b.Run("connect", func(b *testing.B) {
		for b.Loop() {
			conn, err := from.Connect(ctx)
			if err != nil {
				b.Fatal(err)
			}
			conn.Close(ctx)
		}
	})
	b.Run("create, use and drop", func(b *testing.B) {
		for b.Loop() {
			db, err := s.Create(ctx)
			if err != nil {
				b.Fatal(err)
			}
			conn, err := db.Connect(ctx)
			if err != nil {
				b.Fatal(err)
			}
			conn.Close(ctx)
			if err := db.Drop(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
}
