package migrator

import (
	"strings"
	"testing"
)

func TestRefuseOld(t *testing.T) {
	for version, refused := range map[string]bool{
		"9.6.24": true, "11.22 (Debian 11.22-1.pgdg120+1)": true, "12.0": false, "15.18 (Debian 15.18-0+deb12u1)": false,
		"18beta1": false, "19devel": false, "unknown": false, "": false,
	} {
		err := refuseOld(version)
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), version) {
			t.Errorf("%q gives %v", version, err)
		}
	}
}
