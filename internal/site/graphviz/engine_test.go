package graphviz

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The embedded module is that of the release which its comment names.
func TestModule(t *testing.T) {
	const want = "7cc5b0a5f176aeaa69760ed5dc3282ceda2b1b04229b22de77bb0a5eab45578e"
	r, err := gzip.NewReader(bytes.NewReader(module))
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("the module's SHA-256 is %s", got)
	}
	if os.Getenv("SCHEMA_TEST_FULL") == "" {
		return
	}
	cmd := exec.Command("go", "mod", "download", "-json", "github.com/goccy/go-graphviz@v0.2.10")
	cmd.Dir = t.TempDir() // outside of this module, which doesn't need it
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var release struct{ Dir, Sum string }
	if err := json.Unmarshal(out, &release); err != nil {
		t.Fatal(err)
	}
	original, err := os.ReadFile(filepath.Join(release.Dir, "internal", "wasm", "graphviz.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(original); hex.EncodeToString(sum[:]) != want || release.Sum != "h1:jHu/1I0Iw0xIzzYk96Ous/ZeuD11Rt2oW8juHdIE30g=" {
		t.Errorf("the release (%s) has another module", release.Sum)
	}
}
