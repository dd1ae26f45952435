package rest

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAPrivateAuthorityIsTrusted(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // a client that does not trust it
	s.StartTLS()
	defer s.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o644); err != nil {
		t.Fatal(err)
	}
	base, _ := url.Parse(s.URL)
	for name, trusted := range map[string]bool{file: true, "": false} {
		conf, err := AuthorityFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := New(Options{Base: base, TLS: conf})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Do(t.Context(), get); (err == nil) != trusted {
			t.Errorf("authority %q: %v", name, err)
		}
		c.Close()
	}
	if err := os.WriteFile(file, []byte("no PEM"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := AuthorityFile(file); err == nil || !strings.Contains(err.Error(), "ca.pem: there is no certificate in PEM form") {
		t.Error(err)
	}
	if _, err := AuthorityFile(file + ".gone"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "ca_file") {
		t.Error(err)
	}
}

// TestTheOwnersOfACredentialHearOfRefusals: only those of its own server.
func TestTheOwnersOfACredentialHearOfRefusals(t *testing.T) {
	far := stranger(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	status := http.StatusOK
	heard := 0
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", far.URL)
		w.WriteHeader(status)
	}), func(o *Options) { o.Unauthorized = func() { heard++ } })
	for _, x := range []struct{ status, says, heard int }{{200, 0, 0}, {403, 403, 0}, {302, 401, 0}, {401, 401, 1}} {
		status = x.status
		_, err := c.Do(t.Context(), get)
		if StatusOf(err) != x.says || heard != x.heard {
			t.Errorf("%d: %v, heard %d times", x.status, err, heard)
		}
	}
	if _, _, err := c.Open(t.Context(), get); StatusOf(err) != 401 || heard != 2 {
		t.Errorf("a stream: %v, heard %d times", err, heard)
	}
}
