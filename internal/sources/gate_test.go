package sources

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"devops-tui/internal/core"
)

// body notes that it was closed.
type body struct {
	io.Reader
	closed bool
}

func (b *body) Close() error { b.closed = true; return nil }

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// TestGateAgainstRule draws requests and compares what leaves with the rule:
// reads and harmless requests always, dry runs unless read-only, changes with a
// permit and not read-only.
func TestGateAgainstRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &Gate{}
		left := 0
		next := transport(func(*http.Request) (*http.Response, error) { left++; return &http.Response{StatusCode: 200}, nil })
		has := func(name string) func(*http.Request) bool {
			return func(r *http.Request) bool { return r.URL.Query().Has(name) }
		}
		rt := g.Transport(next, Traffic{Harmless: has("harmless"), DryRun: has("dryRun")})
		if rapid.IntRange(0, 4).Draw(t, "bare") == 0 {
			rt = g.Transport(next, Traffic{})
		}
		bare := rt.(gated).t.Harmless == nil
		sent := int64(0)
		for range rapid.IntRange(1, 20).Draw(t, "requests") {
			method := rapid.SampledFrom([]string{"", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "get", "PROPFIND"}).Draw(t, "method")
			query := rapid.SampledFrom([]string{"", "", "harmless=1", "dryRun=All"}).Draw(t, "query")
			permit, readOnly := rapid.Bool().Draw(t, "permit"), rapid.Bool().Draw(t, "read-only")
			g.SetReadOnly(readOnly)
			ctx := context.Background()
			if permit {
				ctx = Permit(ctx)
			}
			b := &body{Reader: strings.NewReader("x")}
			r := httptest.NewRequest("GET", "/a/b?"+query, b).WithContext(ctx)
			r.Method, r.Body = method, b
			before := left
			_, err := rt.RoundTrip(r)
			read := method == "" || method == "GET" || method == "HEAD" || method == "OPTIONS"
			harmless := query == "harmless=1" && !bare
			dry := query == "dryRun=All" && !bare
			leaves := read || harmless || dry && !readOnly || !dry && permit && !readOnly
			if leaves != (left == before+1) || leaves != (err == nil) {
				t.Fatalf("%s ?%s permit=%v read-only=%v: leaves %v, %v", method, query, permit, readOnly, left == before+1, err)
			}
			if err != nil && readOnly != errors.Is(err, core.ErrReadOnly) {
				t.Fatalf("refused with %v, read-only is %v", err, readOnly)
			}
			if err != nil && !b.closed {
				t.Fatal("the body of a refused request is not closed")
			}
			if leaves && !read && !harmless && !dry {
				sent++
			}
		}
		if g.Sent() != sent {
			t.Fatalf("%d changes counted, %d left", g.Sent(), sent)
		}
	})
}

func TestGateCheck(t *testing.T) {
	g := &Gate{}
	if err := g.Check(context.Background(), "exec"); err == nil || errors.Is(err, core.ErrReadOnly) || !strings.Contains(err.Error(), "exec") {
		t.Errorf("without a permit: %v", err)
	}
	ctx := Permit(context.Background())
	if err := g.Check(ctx, "exec"); err != nil || g.Sent() != 1 {
		t.Errorf("with a permit: %v, %d sent", err, g.Sent())
	}
	g.SetReadOnly(true)
	if err := g.Check(ctx, "exec"); !errors.Is(err, core.ErrReadOnly) || g.Sent() != 1 {
		t.Errorf("read-only: %v, %d sent", err, g.Sent())
	}
	if (*Gate)(nil).ReadOnly() {
		t.Error("no gate is read-only")
	}
}
