package jenkins

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// session is what a cookie stands for.
type session struct{ user, crumb string }

// call is one request.
type call struct {
	*World
	rw    http.ResponseWriter
	r     *http.Request
	base  string // "http://host/jenkins"
	parts []string
	user  *User // nil: anonymous
	token bool  // by API token
}

const cookie = "JSESSIONID.sim"

// segments are the path's, each decoded once.
func segments(path string) []string {
	var out []string
	for s := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if d, err := url.PathUnescape(s); err == nil {
			s = d
		}
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// page is an error in HTML, as Jenkins writes it.
func page(rw http.ResponseWriter, status int, title, says string) {
	rw.Header().Set("Content-Type", "text/html;charset=utf-8")
	rw.WriteHeader(status)
	fmt.Fprintf(rw, "<!DOCTYPE html><html><head><title>%s</title></head><body><div id=\"main-panel\"><h1>%s</h1><p>%s</p></div></body></html>\n",
		html.EscapeString(title), html.EscapeString(title), html.EscapeString(says))
}

// admit finds out who asks, and refuses who may not.
func (c *call) admit() bool {
	if !c.identify() {
		return false
	}
	if len(c.o.Users) > 0 && c.user == nil && !c.o.Anonymous && !(len(c.parts) == 1 && c.parts[0] == "login") {
		c.rw.Header().Set("X-You-Are-Authenticated-As", "anonymous")
		c.rw.Header().Set("X-Required-Permission", "hudson.model.Hudson.Read")
		page(c.rw, http.StatusForbidden, "Authentication required", "Authentication required")
		return false
	}
	if c.r.Method != http.MethodPost || c.o.NoCrumbs || c.token {
		return true
	}
	s := c.session()
	if s == nil || s.crumb == "" || c.r.Header.Get("Jenkins-Crumb") != s.crumb {
		page(c.rw, http.StatusForbidden, "Error 403 No valid crumb was included in the request", "No valid crumb was included in the request")
		return false
	}
	return true
}

func (c *call) identify() bool {
	id, secret, ok := c.r.BasicAuth()
	if !ok {
		if s := c.session(); s != nil {
			c.user = c.account(s.user)
		}
		return true
	}
	u := c.account(id)
	switch {
	case u != nil && u.Token != "" && u.Token == secret:
		c.user, c.token = u, true
	case u != nil && u.Password != "" && u.Password == secret:
		c.user = u
	default:
		c.rw.Header().Set("WWW-Authenticate", `Basic realm="Jenkins"`)
		page(c.rw, http.StatusUnauthorized, "Error 401 Unauthorized", "Invalid password/token for user: "+id)
		return false
	}
	return true
}

func (c *call) account(id string) *User {
	for i := range c.o.Users {
		if c.o.Users[i].ID == id {
			return &c.o.Users[i]
		}
	}
	return nil
}

func (c *call) session() *session {
	k, err := c.r.Cookie(cookie)
	if err != nil {
		return nil
	}
	return c.sessions[k.Value]
}

// crumb answers crumbIssuer/api/json.
func (c *call) crumb() {
	if c.o.NoCrumbs {
		c.missing()
		return
	}
	s := c.session()
	if s == nil {
		c.secrets++
		s = &session{user: c.id(), crumb: fmt.Sprintf("crumb%058d", c.secrets)}
		id := fmt.Sprintf("node0session%d", c.secrets)
		c.sessions[id] = s
		http.SetCookie(c.rw, &http.Cookie{Name: cookie, Value: id, Path: c.o.Prefix + "/", HttpOnly: true})
	}
	c.api(&bean{class: "hudson.security.csrf.DefaultCrumbIssuer", props: []prop{is("crumb", s.crumb), is("crumbRequestField", "Jenkins-Crumb")}})
}

func (c *call) id() string {
	if c.user == nil {
		return ""
	}
	return c.user.ID
}

// who is the name that the console has.
func (c *call) who() string {
	if c.user == nil {
		return "anonymous"
	}
	if c.user.Name != "" {
		return c.user.Name
	}
	return c.user.ID
}

// may checks a right: "Job/Build".
func (c *call) may(right string) bool {
	if len(c.o.Users) == 0 || c.user != nil && !c.user.ReadOnly {
		return true
	}
	page(c.rw, http.StatusForbidden, "Access Denied", c.who()+" is missing the "+right+" permission")
	return false
}

// sees reports whether the user may read an item.
func (c *call) sees(it *item) bool {
	return c.user == nil || !slices.Contains(c.user.Hidden, it.fullName())
}

func (c *call) missing() { page(c.rw, http.StatusNotFound, "Not Found", "Not Found") }

// posted refuses what is not a POST.
func (c *call) posted() bool {
	if c.r.Method == http.MethodPost {
		return true
	}
	c.rw.Header().Set("Allow", "POST")
	page(c.rw, http.StatusMethodNotAllowed, "Method Not Allowed", "This URL requires POST")
	return false
}
