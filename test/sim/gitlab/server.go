package gitlab

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// call is one request as the endpoints see it.
type call struct {
	w     *World
	r     *http.Request
	base  string // "http://127.0.0.1:8080", prefix included
	path  []string
	query url.Values
	body  map[string]any
	raw   string
	who   *user
	token *Token

	project *Project
	status  int
	header  http.Header
}

// refusal ends a call with an error in GitLab's shape.
type refusal struct {
	status int
	body   any
}

func refuse(status int, message string) refusal {
	return refusal{status, map[string]any{"message": message}}
}

var notFound = func(what string) refusal { return refuse(404, "404 "+what+" Not Found") }

// plain is an answer that is not JSON.
type plain []byte

// ServeHTTP implements http.Handler.
func (w *World) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	w.mu.Lock()
	c := &call{w: w, r: r, query: r.URL.Query(), raw: string(raw), header: http.Header{}, status: 200}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	c.base = scheme + "://" + r.Host + w.opts.Prefix
	w.requests++
	answer := c.answer()
	var body []byte
	switch a := answer.(type) {
	case refusal:
		c.status = a.status
		body, _ = json.Marshal(a.body)
	case plain:
		body = a
		if c.header.Get("Content-Type") == "" {
			c.header.Set("Content-Type", "text/plain")
		}
	case nil:
	default:
		body, _ = json.Marshal(a)
	}
	h := rw.Header()
	for k, v := range c.header {
		h[k] = v
	}
	if body != nil && h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	h.Set("X-Request-Id", strconv.Itoa(w.requests))
	h.Set("Date", w.now().Format(http.TimeFormat))
	if w.limit >= 0 {
		h.Set("RateLimit-Limit", strconv.Itoa(w.max))
		h.Set("RateLimit-Remaining", strconv.Itoa(max(w.limit, 0)))
		h.Set("RateLimit-Reset", strconv.FormatInt(w.reset.Unix(), 10))
		h.Set("RateLimit-Observed", strconv.Itoa(w.max-max(w.limit, 0)))
	}
	if r.Method == http.MethodGet && c.status == 200 && h.Get("Content-Range") == "" {
		sum := sha256.Sum256(body)
		tag := `W/"` + hex.EncodeToString(sum[:16]) + `"`
		h.Set("Etag", tag)
		h.Set("Cache-Control", "max-age=0, private, must-revalidate")
		if r.Header.Get("If-None-Match") == tag {
			w.same++
			w.mu.Unlock()
			h.Del("Content-Type")
			rw.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.mu.Unlock()
	rw.WriteHeader(c.status)
	_, _ = rw.Write(body)
}

// answer authenticates and routes.
func (c *call) answer() any {
	w, r := c.w, c.r
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), w.opts.Prefix+"/api/v4")
	if !ok {
		c.header.Set("Content-Type", "text/html")
		c.status = 404
		return plain("<html><head><title>The page you're looking for could not be found (404)</title></head></html>")
	}
	for _, s := range strings.Split(strings.Trim(path, "/"), "/") {
		u, err := url.PathUnescape(s)
		if err != nil {
			return refuse(400, "400 Bad Request")
		}
		c.path = append(c.path, u)
	}
	for _, x := range w.walls {
		if (x.method == "" || x.method == r.Method) && strings.HasPrefix(path, x.prefix) {
			return c.wall(x.status)
		}
	}
	if w.limit == 0 && w.now().Before(w.reset) {
		c.header.Set("Retry-After", strconv.Itoa(int(w.reset.Sub(w.now()).Seconds())+1))
		c.header.Set("Content-Type", "text/plain")
		c.status = 429
		return plain("Retry later\n")
	}
	if w.limit == 0 {
		w.limit = w.max
	}
	if w.limit > 0 {
		w.limit--
	}
	if no := c.authenticate(); no != nil {
		return *no
	}
	if ct := r.Header.Get("Content-Type"); strings.HasPrefix(ct, "application/json") && c.raw != "" {
		if err := json.Unmarshal([]byte(c.raw), &c.body); err != nil {
			return refusal{400, map[string]any{"error": "body is invalid"}}
		}
	} else if strings.HasPrefix(ct, "application/x-www-form-urlencoded") {
		form, _ := url.ParseQuery(c.raw)
		c.body = map[string]any{}
		for k := range form {
			c.body[k] = form.Get(k)
		}
	}
	return c.route()
}

// wall is an error that the operator put there.
func (c *call) wall(status int) any {
	switch status {
	case 401:
		return refusal{401, map[string]any{"message": "401 Unauthorized"}}
	case 403:
		return refusal{403, map[string]any{"message": "403 Forbidden"}}
	case 404:
		return notFound("Project")
	case 502, 503:
		c.header.Set("Content-Type", "text/html")
		c.status = status
		return plain("<html>Whoops, GitLab is taking too much time to respond.</html>")
	}
	return refuse(status, strconv.Itoa(status)+" "+http.StatusText(status))
}

func (c *call) authenticate() *refusal {
	secret := c.r.Header.Get("Private-Token")
	bearer, isBearer := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if secret == "" {
		secret = bearer
	}
	if secret == "" {
		return &refusal{401, map[string]any{"message": "401 Unauthorized"}}
	}
	t := c.w.tokens[secret]
	switch {
	case t == nil || t.OAuth && !isBearer:
		return &refusal{401, map[string]any{"message": "401 Unauthorized"}}
	case t.Revoked:
		return &refusal{401, map[string]any{"error": "invalid_token", "error_description": "Token was revoked. You have to re-authorize from the user."}}
	case !t.Expires.IsZero() && c.w.now().After(t.Expires):
		return &refusal{401, map[string]any{"error": "invalid_token", "error_description": "Token is expired. You can either do re-authorization or token refresh."}}
	}
	c.token, c.who = t, c.w.user(t.User)
	write := c.r.Method != http.MethodGet && c.r.Method != http.MethodHead
	allowed := slices.Contains(t.Scopes, "api") || !write && slices.Contains(t.Scopes, "read_api")
	if strings.Join(c.path, "/") == "personal_access_tokens/self" || strings.Join(c.path, "/") == "user" && slices.Contains(t.Scopes, "read_user") {
		allowed = true
	}
	if !allowed {
		scope := "api read_api"
		if write {
			scope = "api"
		}
		return &refusal{403, map[string]any{
			"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token.", "scope": scope,
		}}
	}
	return nil
}

// route finds the endpoint.
func (c *call) route() any {
	p, get := c.path, c.r.Method == http.MethodGet
	switch {
	case p[0] == "user" && len(p) == 1 && get:
		return c.user(c.who, true)
	case p[0] == "version" && get, p[0] == "metadata" && get:
		return map[string]any{"version": c.w.opts.Version, "revision": "016e8d8bdc3", "enterprise": strings.HasSuffix(c.w.opts.Version, "-ee"), "kas": map[string]any{"enabled": false, "externalUrl": nil, "externalK8sProxyUrl": nil, "version": nil}}
	case p[0] == "personal_access_tokens" && len(p) == 2 && p[1] == "self" && get:
		return c.selfToken()
	case p[0] == "projects" && len(p) == 1 && get:
		return c.page(c.projectsUnder(""))
	case p[0] == "groups" && len(p) == 3 && p[2] == "projects" && get:
		list := c.projectsUnder(p[1])
		if list == nil {
			return notFound("Group")
		}
		return c.page(list)
	case p[0] == "projects" && len(p) >= 2:
		if no := c.findProject(p[1]); no != nil {
			return *no
		}
		if c.status >= 300 {
			return nil
		}
		if len(p) == 2 && get {
			return c.projectEntity(c.project)
		}
		if len(p) > 2 {
			return c.inProject(p[2:])
		}
	}
	return refusal{404, map[string]any{"error": "404 Not Found"}}
}

// findProject resolves an id or a path; a moved project redirects.
func (c *call) findProject(key string) *refusal {
	if id, err := strconv.Atoi(key); err == nil {
		for _, p := range c.w.projects {
			if p.ID == id {
				c.project = p
				return nil
			}
		}
	}
	if c.project = c.w.project(key); c.project != nil {
		return nil
	}
	if to := c.w.renamed[key]; to != "" {
		p := c.w.project(to)
		if p == nil {
			no := notFound("Project")
			return &no
		}
		if c.r.Method != http.MethodGet {
			return &refusal{405, map[string]any{"message": "Non GET methods are not allowed for moved projects"}}
		}
		rest := ""
		for _, s := range c.path[2:] {
			rest += "/" + url.PathEscape(s)
		}
		if c.r.URL.RawQuery != "" {
			rest += "?" + c.r.URL.RawQuery
		}
		c.header.Set("Location", c.base+"/api/v4/projects/"+strconv.Itoa(p.ID)+rest)
		c.status = http.StatusMovedPermanently
		return nil
	}
	no := notFound("Project")
	return &no
}

// page cuts a list for offset or keyset pagination and sets its headers.
func (c *call) page(list []any) any {
	per, _ := strconv.Atoi(c.query.Get("per_page"))
	if per <= 0 {
		per = 20
	}
	per = min(per, 100)
	link := func(q url.Values, rel string) string {
		u := c.base + "/api/v4"
		for _, s := range c.path {
			u += "/" + url.PathEscape(s)
		}
		return "<" + u + "?" + q.Encode() + `>; rel="` + rel + `"`
	}
	clone := func() url.Values {
		q := url.Values{}
		for k, v := range c.query {
			q[k] = v
		}
		return q
	}
	if c.query.Get("pagination") == "keyset" {
		from := 0
		if cursor := c.query.Get("cursor"); cursor != "" {
			from, _ = strconv.Atoi(cursor)
		}
		from = min(from, len(list))
		end := min(from+per, len(list))
		if end < len(list) {
			q := clone()
			q.Set("cursor", strconv.Itoa(end))
			c.header.Set("Link", link(q, "next"))
		}
		return some(list[from:end])
	}
	n, _ := strconv.Atoi(c.query.Get("page"))
	n = max(n, 1)
	pages := max((len(list)+per-1)/per, 1)
	from := min((n-1)*per, len(list))
	end := min(from+per, len(list))
	h := c.header
	h.Set("X-Page", strconv.Itoa(n))
	h.Set("X-Per-Page", strconv.Itoa(per))
	h.Set("X-Total", strconv.Itoa(len(list)))
	h.Set("X-Total-Pages", strconv.Itoa(pages))
	h["X-Next-Page"], h["X-Prev-Page"] = []string{""}, []string{""}
	var links []string
	at := func(page int, rel string) {
		q := clone()
		q.Set("page", strconv.Itoa(page))
		q.Set("per_page", strconv.Itoa(per))
		links = append(links, link(q, rel))
	}
	if n > 1 {
		h.Set("X-Prev-Page", strconv.Itoa(n-1))
		at(n-1, "prev")
	}
	if n < pages {
		h.Set("X-Next-Page", strconv.Itoa(n+1))
		at(n+1, "next")
	}
	at(1, "first")
	at(pages, "last")
	h.Set("Link", strings.Join(links, ", "))
	return some(list[from:end])
}

// some is a list that is never null.
func some(list []any) []any {
	if list == nil {
		return []any{}
	}
	return list
}

func (c *call) number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// stamp is a time in GitLab's way; null when it is zero.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// variables reads the variables of a body: a list of {key, value}.
func (c *call) variables(key, nameKey string) map[string]string {
	out := map[string]string{}
	list, _ := c.body[key].([]any)
	for _, x := range list {
		if m, ok := x.(map[string]any); ok {
			out[fmt.Sprint(m[nameKey])] = fmt.Sprint(m["value"])
		}
	}
	return out
}

func (c *call) text(key string) string {
	s, _ := c.body[key].(string)
	return s
}

// partial serves the part of a body that Range asks for.
func (c *call) partial(body []byte) any {
	from, ok := strings.CutPrefix(c.r.Header.Get("Range"), "bytes=")
	start, err := strconv.Atoi(strings.TrimSuffix(from, "-"))
	if !ok || err != nil || !c.w.ranges {
		return plain(bytes.Clone(body))
	}
	if start >= len(body) {
		c.header.Set("Content-Range", fmt.Sprintf("bytes */%d", len(body)))
		c.status = http.StatusRequestedRangeNotSatisfiable
		return plain("")
	}
	c.header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, len(body)-1, len(body)))
	c.status = http.StatusPartialContent
	return plain(bytes.Clone(body[start:]))
}

// truth reads a boolean of the query as GitLab does.
func (c *call) truth(name string) bool {
	switch strings.ToLower(c.query.Get(name)) {
	case "true", "1", "t", "yes", "on":
		return true
	}
	return false
}
