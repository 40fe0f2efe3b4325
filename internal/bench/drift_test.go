package bench

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkDrift measures drift on a database with 1,000,000 results whose start_time may be NULL: with its budget for
// counting, with -count, and with what Ibutsu's models create, including the start of the throwaway server. It also
// measures drift on a database at head that hasn't drifted. Without -count it should take at most 0.5 s.
func BenchmarkDrift(b *testing.B) {
	s := newSetup(b)
	s.on(func(url string) time.Duration {
		env := []string{"DATABASE_URL=" + url}
		s.run(s.root, env, s.tool, "apply")
		data := filepath.Join("..", "schematest", "testdata")
		s.run(data, nil, "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-v", "n=1000000", "-f", "gen_data.sql", url)
		median(b, "clean", func() time.Duration { return s.run(s.root, env, s.tool, "drift") })

		s.run(s.root, nil, "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", `
			ALTER TABLE results ALTER start_time DROP NOT NULL; ALTER TABLE runs ALTER created DROP NOT NULL, ALTER start_time DROP NOT NULL;
			ALTER TABLE users ALTER is_active DROP NOT NULL; ANALYZE`, url)
		drifted := func(args ...string) func() time.Duration {
			return func() time.Duration {
				return s.run(s.root, env, append([]string{"sh", "-c", `"$0" "$@" || [ $? -eq 3 ]`, s.tool, "drift"}, args...)...)
			}
		}
		median(b, "drifted", drifted())
		median(b, "count", drifted("-count"))
		models := filepath.Join(b.TempDir(), "models.sql")
		text, err := os.ReadFile(filepath.Join(data, "models.sql"))
		if err != nil {
			b.Fatal(err)
		}
		write(b, filepath.Dir(models), "models.sql", string(text))
		median(b, "with-models", drifted("-with="+models))
		return 0
	})
}
