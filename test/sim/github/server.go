package github

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

type etag struct {
	version int64
	tag     string
}

// call is one request as the handlers see it; the world is locked.
type call struct {
	w      *World
	r      *http.Request
	out    http.ResponseWriter
	token  *token
	secret string
	base   string // of the API: http://host or http://host/api/v3
	web    string // of the pages
	repo   *Repository
}

// answer is what a handler returns.
type answer struct {
	status int
	body   any // encoded as JSON; nil: none
	header http.Header
	bytes  []byte // instead of body
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

func refused(status int, message string) answer {
	return answer{status: status, body: map[string]any{
		"message": message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status),
	}}
}

func notFound() answer { return refused(http.StatusNotFound, "Not Found") }

// ServeHTTP implements http.Handler.
func (w *World) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, blobPath) {
		w.Blobs().ServeHTTP(out, r)
		return
	}
	if rest, found := strings.CutPrefix(r.URL.EscapedPath(), "/api/v3"); w.o.Enterprise != "" && found {
		r = r.Clone(r.Context())
		u := *r.URL
		u.Path, _ = url.PathUnescape(rest)
		u.RawPath = rest
		r.URL = &u
		r.Header.Set("X-Simulator-Prefix", "/api/v3")
	}
	w.mux.ServeHTTP(out, r)
}

// handle wraps a handler with what all of them have in common.
func (w *World) handle(f func(*call) answer) http.HandlerFunc {
	return func(out http.ResponseWriter, r *http.Request) {
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		r.Body = io.NopCloser(bytes.NewReader(body))
		w.mu.Lock()
		defer w.mu.Unlock()
		c := &call{w: w, r: r, out: out, web: scheme + "://" + r.Host}
		c.base = c.web + r.Header.Get("X-Simulator-Prefix")
		c.write(c.answer(f))
	}
}

func (c *call) answer(f func(*call) answer) answer {
	w := c.w
	if c.r.URL.Path != "/rate_limit" {
		w.counts.Requests++
	}
	change := c.r.Method != http.MethodGet && c.r.Method != http.MethodHead
	if change {
		w.counts.Changes++
	}
	if a, bad := c.authenticate(); bad {
		return a
	}
	if a, bad := c.limited(change); bad {
		w.counts.Limited++
		return a
	}
	if owner := c.r.PathValue("owner"); owner != "" {
		repo := w.repos[strings.ToLower(owner+"/"+c.r.PathValue("repo"))]
		if repo == nil || repo.private && c.token == nil ||
			c.token != nil && c.token.only != nil && !c.token.only[strings.ToLower(repo.FullName())] {
			return c.charge(notFound())
		}
		if repo.private && c.token.classic && !slices.Contains(c.token.scopes, "repo") {
			return c.charge(notFound())
		}
		c.repo = repo
		if repo.forbidden && strings.Contains(c.r.URL.Path, "/actions/") {
			return c.charge(refused(http.StatusForbidden, "Resource not accessible by personal access token"))
		}
	}
	if change {
		if a, bad := c.mayWrite(); bad {
			return c.charge(a)
		}
	}
	if a, same := c.unchanged(); same {
		return a
	}
	a := f(c)
	if change && a.status < 300 && c.repo != nil {
		c.repo.version++
	}
	return c.charge(a)
}

// authenticate finds the token.
func (c *call) authenticate() (answer, bool) {
	kind, secret, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if kind == "" {
		c.w.counts.WithoutToken++
		return answer{}, false
	}
	t := c.w.tokens[strings.TrimSpace(secret)]
	if t == nil || t.expired {
		return refused(http.StatusUnauthorized, "Bad credentials"), true
	}
	c.token, c.secret = t, secret
	return answer{}, false
}

// mayWrite checks what GitHub checks before every change of Actions.
func (c *call) mayWrite() (answer, bool) {
	switch {
	case strings.HasPrefix(c.r.URL.Path, "/graphql"):
		return answer{}, false
	case c.token == nil:
		return refused(http.StatusUnauthorized, "Requires authentication"), true
	case c.token.classic && !slices.Contains(c.token.scopes, "repo") && !slices.Contains(c.token.scopes, "public_repo"):
		return refused(http.StatusForbidden, "Must have admin rights to Repository."), true
	case !c.token.classic && c.token.read:
		a := refused(http.StatusForbidden, "Resource not accessible by personal access token")
		a.header = http.Header{"X-Accepted-Github-Permissions": {"actions=write"}}
		return a, true
	}
	return answer{}, false
}

// unchanged answers a conditional request whose object has not changed, which
// costs nothing.
func (c *call) unchanged() (answer, bool) {
	match := c.r.Header.Get("If-None-Match")
	if c.repo == nil || c.r.Method != http.MethodGet || match == "" || c.token == nil {
		return answer{}, false
	}
	if e, found := c.w.etags[c.key()]; found && e.version == c.repo.version && strings.TrimPrefix(match, "W/") == e.tag {
		return c.notModified(e.tag), true
	}
	return answer{}, false
}

func (c *call) notModified(tag string) answer {
	c.w.counts.NotModified++
	c.limitHeaders()
	return answer{status: http.StatusNotModified, header: http.Header{"Etag": {tag}}}
}

func (c *call) key() string {
	return c.secret + " " + c.base + c.r.URL.EscapedPath() + "?" + c.r.URL.RawQuery
}

func (c *call) charge(a answer) answer {
	if c.r.URL.Path == "/rate_limit" {
		c.limitHeaders()
		return a
	}
	if a.status == http.StatusOK && c.r.Method == http.MethodGet && a.bytes == nil {
		b, err := json.Marshal(a.body)
		if err != nil {
			return refused(http.StatusInternalServerError, err.Error())
		}
		sum := sha256.Sum256(b)
		tag := `"` + hex.EncodeToString(sum[:]) + `"`
		if c.repo != nil {
			c.w.etags[c.key()] = etag{c.repo.version, tag}
		}
		if c.token != nil && strings.TrimPrefix(c.r.Header.Get("If-None-Match"), "W/") == tag {
			return c.notModified(tag)
		}
		if a.header == nil {
			a.header = http.Header{}
		}
		a.header.Set("Etag", "W/"+tag)
		a.bytes, a.body = b, nil
	}
	c.spend()
	c.limitHeaders()
	return a
}

func (c *call) write(a answer) {
	h := c.out.Header()
	h.Set("Date", c.w.o.Now().UTC().Format(http.TimeFormat))
	h.Set("X-Github-Media-Type", "github.v3; format=json")
	h.Set("X-Github-Request-Id", "5132:"+itoa(int64(c.w.counts.Requests)))
	if c.w.o.Enterprise != "" {
		h.Set("X-Github-Enterprise-Version", c.w.o.Enterprise)
	}
	if c.token != nil && c.token.classic {
		h.Set("X-Oauth-Scopes", strings.Join(c.token.scopes, ", "))
		h.Set("X-Accepted-Oauth-Scopes", "")
	}
	for k, v := range a.header {
		h[k] = v
	}
	if a.bytes == nil && a.body != nil {
		a.bytes, _ = json.Marshal(a.body)
	}
	if a.bytes != nil && h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	c.out.WriteHeader(a.status)
	if c.r.Method != http.MethodHead {
		_, _ = c.out.Write(a.bytes)
	}
}

// page cuts n elements as the query asks and sets the Link header.
func (c *call) page(n int, header http.Header) (from, to int) {
	size, _ := strconv.Atoi(c.r.URL.Query().Get("per_page"))
	if size <= 0 {
		size = 30
	}
	size = min(size, 100)
	at, _ := strconv.Atoi(c.r.URL.Query().Get("page"))
	at = max(at, 1)
	from, to = min((at-1)*size, n), min(at*size, n)
	last := max((n+size-1)/size, 1)
	link := func(p int, rel string) string {
		q := c.r.URL.Query()
		q.Set("page", strconv.Itoa(p))
		q.Set("per_page", strconv.Itoa(size))
		return "<" + c.base + c.r.URL.EscapedPath() + "?" + q.Encode() + `>; rel="` + rel + `"`
	}
	var links []string
	if at > 1 {
		links = append(links, link(at-1, "prev"), link(1, "first"))
	}
	if at < last {
		links = append(links, link(at+1, "next"), link(last, "last"))
	}
	if links != nil {
		header.Set("Link", strings.Join(links, ", "))
	}
	return from, to
}

// list answers a page of rows, as an array or under a name beside total_count.
func list[T any](c *call, name string, rows []T, f func(T) any) answer {
	h := http.Header{}
	from, to := c.page(len(rows), h)
	out := make([]any, 0, to-from)
	for _, x := range rows[from:to] {
		out = append(out, f(x))
	}
	a := answer{status: http.StatusOK, header: h, body: out}
	if name != "" {
		a.body = map[string]any{"total_count": len(rows), name: out}
	}
	return a
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}
