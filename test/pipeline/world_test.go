package pipeline

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"devops-tui/test/program"
)

// tap counts what changes something on its way to a simulator.
type tap struct {
	next http.Handler

	mu   sync.Mutex
	sent []string
	// spoil, when set, answers instead of the simulator; false: it does not.
	spoil func(http.ResponseWriter, *http.Request) bool
}

func (p *tap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	spoil := p.spoil
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		p.sent = append(p.sent, r.Method+" "+r.URL.Path)
	}
	p.mu.Unlock()
	if spoil != nil && spoil(w, r) {
		return
	}
	p.next.ServeHTTP(w, r)
}

// took returns the changing requests since the last call.
func (p *tap) took() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.sent
	p.sent = nil
	return out
}

// spoiled answers requests with f until the returned function is called.
func (p *tap) spoiled(f func(http.ResponseWriter, *http.Request) bool) func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spoil = f
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.spoil = nil
	}
}

// once checks that exactly one changing request left, and which.
func (p *tap) once(t *testing.T, want string) {
	t.Helper()
	sent := p.took()
	if len(sent) != 1 || !strings.HasPrefix(sent[0], strings.SplitN(want, " ", 2)[0]+" ") || !strings.Contains(sent[0], strings.SplitN(want, " ", 2)[1]) {
		t.Errorf("sent %q, want one %s", sent, want)
	}
}

// none checks that nothing left that changes anything.
func (p *tap) none(t *testing.T) {
	t.Helper()
	if sent := p.took(); len(sent) > 0 {
		t.Errorf("sent %q, want nothing", sent)
	}
}

// row is a resource of snapshot -o json.
type row struct {
	Ref struct {
		Source, Scope, Kind, Namespace, Name, UID string
	} `json:"ref"`
	Phase  string            `json:"phase"`
	Reason string            `json:"reason"`
	Cells  map[string]string `json:"cells"`
	Facts  struct {
		Commit, Repo, URL, Environment string
		Waits                          []string
	} `json:"facts"`
}

// rows lists kinds through snapshot.
func rows(p *program.Program, kinds ...string) []row {
	p.T.Helper()
	a := p.Run(append([]string{"snapshot", "-o", "json"}, kinds...)...)
	var doc struct {
		Sources   []struct{ ID, Scope, State, Problem string } `json:"sources"`
		Resources []row                                        `json:"resources"`
	}
	if err := json.Unmarshal([]byte(a.Stdout), &doc); err != nil {
		p.T.Fatalf("snapshot %v: exit %d, %v\n%s\n%s", kinds, a.Code, err, a.Stdout, a.Stderr)
	}
	return doc.Resources
}

// find returns the row of a name.
func find(t *testing.T, all []row, name string) row {
	t.Helper()
	i := slices.IndexFunc(all, func(r row) bool { return r.Ref.Name == name })
	if i < 0 {
		t.Fatalf("no %s among %d rows", name, len(all))
	}
	return all[i]
}

// refused runs the program and checks its exit code and words.
func refused(p *program.Program, code int, says string, args ...string) program.Answer {
	p.T.Helper()
	a := p.Run(args...)
	if a.Code != code || !strings.Contains(a.Stdout+a.Stderr, says) {
		p.T.Errorf("%v: exit %d, want %d with %q\n%s%s", args, a.Code, code, says, a.Stdout, a.Stderr)
	}
	return a
}

// canary is a credential that must be nowhere but in requests.
const canary = "ghp_c4n4ryc4n4ryc4n4ryc4n4ryc4n4ry000001"

// clean checks that no credential is in what the program wrote into its home.
func clean(p *program.Program, secrets ...string) {
	p.T.Helper()
	_ = filepath.WalkDir(p.Home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasSuffix(path, "token") {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			p.T.Error(err)
		}
		for _, s := range secrets {
			if strings.Contains(string(content), s) {
				p.T.Errorf("%s holds a credential", path)
			}
		}
		return nil
	})
}

// contextOf ends with the test.
func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}
