package rest

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"devops-tui/internal/text"
)

// address is the URL of a request.
func (c *Client) address(r Request) (*url.URL, error) {
	if r.URL != "" {
		return c.pin(r.URL)
	}
	path, raw := c.base.Path, c.base.EscapedPath()
	for _, s := range r.Path {
		// No escape keeps these one segment: servers and proxies resolve dots also
		// where they are escaped, and join what has nothing between two slashes.
		if s == "" || s == "." || s == ".." {
			return nil, &badName{s}
		}
		path += "/" + s
		raw += "/" + url.PathEscape(s)
	}
	if path == "" {
		path, raw = "/", "/"
	}
	return &url.URL{Scheme: c.base.Scheme, Host: c.base.Host, Path: path, RawPath: raw, RawQuery: r.Query.Encode()}, nil
}

// badName is a name that no address can hold.
type badName struct{ name string }

func (b *badName) Error() string {
	if b.name == "" {
		return "the name is empty"
	}
	return fmt.Sprintf("no address can hold the name %q", b.name)
}

// pin checks an absolute address that an answer gave: it must lead to the same
// server, below Base.
func (c *Client) pin(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the server gave an address that is none")
	}
	u = c.base.ResolveReference(u)
	if u.User != nil || !strings.EqualFold(u.Hostname(), c.base.Hostname()) || u.Scheme == c.base.Scheme && port(u) != port(c.base) {
		return nil, fmt.Errorf("the server gave an address at %s: only %s is asked", text.Clean(u.Host), text.Clean(c.base.Host))
	}
	for s := range strings.SplitSeq(u.Path, "/") {
		if s == "." || s == ".." {
			return nil, errors.New("the server gave an address with dots in its path")
		}
	}
	if !strings.HasPrefix(u.EscapedPath()+"/", c.base.EscapedPath()+"/") {
		return nil, fmt.Errorf("the server gave the address %s, which is not below %s", text.Clean(u.Path), text.Clean(c.base.Path))
	}
	// Behind a proxy that ends TLS, servers name themselves http.
	u.Scheme, u.Host, u.Fragment = c.base.Scheme, c.base.Host, ""
	return u, nil
}

// shownPath is the path of a request for messages: raw, without the query.
func (c *Client) shownPath(r Request) string {
	if r.URL != "" {
		if u, err := url.Parse(r.URL); err == nil {
			return u.Path
		}
		return ""
	}
	return c.base.Path + "/" + strings.Join(r.Path, "/")
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}

// sameServer reports whether the credential of base may go to u.
func sameServer(u, base *url.URL) bool {
	return u.Scheme == base.Scheme && strings.EqualFold(u.Hostname(), base.Hostname()) && port(u) == port(base)
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
