package sources

import (
	"context"
	"errors"
	"fmt"
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
// reads and harmless requests always, dry runs unless read-only there, changes and
// channels with a permit for their instance and not read-only there.
func TestGateAgainstRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &Gate{}
		left := 0
		next := transport(func(*http.Request) (*http.Response, error) { left++; return &http.Response{StatusCode: 200}, nil })
		has := func(name string) func(*http.Request) bool {
			return func(r *http.Request) bool { return r.URL.Query().Has(name) }
		}
		bare := rapid.IntRange(0, 4).Draw(t, "bare") == 0
		rt := g.Transport(next, Traffic{
			Harmless: has("harmless"), DryRun: has("dryRun"), Opens: has("opens"),
			Place: func(r *http.Request) core.Ref {
				return core.Ref{Source: "sim", Scope: "here", Namespace: r.URL.Query().Get("ns")}
			},
		})
		if bare {
			rt = g.Transport(next, Traffic{})
		}
		guarded := rapid.Bool().Draw(t, "guarded")
		if guarded {
			g.SetGuard(func(ref core.Ref) error {
				if ref.Namespace == "safe" {
					return fmt.Errorf("environment safe: %w", core.ErrReadOnly)
				}
				return nil
			})
		}
		sent := int64(0)
		for range rapid.IntRange(1, 20).Draw(t, "requests") {
			method := rapid.SampledFrom([]string{"", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "get", "PROPFIND"}).Draw(t, "method")
			query := rapid.SampledFrom([]string{"", "", "harmless=1", "dryRun=All", "opens=1", "opens=1&dryRun=All"}).Draw(t, "query")
			place := rapid.SampledFrom([]string{"", "shop", "safe"}).Draw(t, "namespace")
			permit := rapid.SampledFrom([]string{"", "any", "here", "there", "safe"}).Draw(t, "permit")
			upgrade, readOnly := rapid.IntRange(0, 5).Draw(t, "upgrade") == 0, rapid.Bool().Draw(t, "read-only")
			g.SetReadOnly(readOnly)
			ctx := context.Background()
			switch permit {
			case "any":
				ctx = Permit(ctx)
			case "here", "there":
				ctx = PermitFor(ctx, core.Ref{Source: "sim", Scope: permit, Namespace: "shop", Name: "x"})
			case "safe":
				ctx = PermitFor(ctx, core.Ref{Source: "sim", Scope: "here", Namespace: "safe", Name: "x"})
			}
			b := &body{Reader: strings.NewReader("x")}
			r := httptest.NewRequest("GET", "/a/b?ns="+place+"&"+query, b).WithContext(ctx)
			r.Method, r.Body = method, b
			if upgrade {
				r.Header.Set("Upgrade", "websocket")
			}
			before := left
			_, err := rt.RoundTrip(r)
			is := func(name string) bool { return strings.Contains(query, name) && !bare }
			opens := upgrade || is("opens")
			read := (method == "" || method == "GET" || method == "HEAD" || method == "OPTIONS") && !opens
			dry := is("dryRun") && !opens
			forbidden := readOnly || guarded && place == "safe" && !bare
			permitted := permit == "any" || permit == "here" || permit == "there" && bare || permit == "safe" && !guarded
			leaves := read || is("harmless") || !forbidden && (dry || permitted)
			if leaves != (left == before+1) || leaves != (err == nil) {
				t.Fatalf("%s ?%s at %q, permit %q, read-only %v, upgrade %v: leaves %v, %v", method, query, place, permit, readOnly, upgrade, left == before+1, err)
			}
			if err != nil && (forbidden || !dry && permit == "safe" && guarded) != errors.Is(err, core.ErrReadOnly) {
				t.Fatalf("refused with %v, forbidden is %v", err, forbidden)
			}
			if err != nil && !b.closed {
				t.Fatal("the body of a refused request is not closed")
			}
			if leaves && !read && !is("harmless") && !dry {
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
	g.SetReadOnly(false)
	g.SetGuard(func(core.Ref) error { return core.ErrReadOnly })
	if err := g.Check(PermitFor(context.Background(), core.Ref{Source: "sim", Scope: "a"}), "exec"); !errors.Is(err, core.ErrReadOnly) {
		t.Errorf("guarded: %v", err)
	}
	g.SetGuard(nil)
	if err := g.Check(PermitFor(context.Background(), core.Ref{Source: "sim", Scope: "a"}), "exec"); err != nil || g.Sent() != 2 {
		t.Errorf("no guard any more: %v, %d sent", err, g.Sent())
	}
	if (*Gate)(nil).ReadOnly() {
		t.Error("no gate is read-only")
	}
}
