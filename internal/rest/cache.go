package rest

import (
	"container/list"
	"context"
	"crypto/sha256"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// cache keeps the last answers for conditional requests: least recently used
// goes first, bounded in bytes.
type cache struct {
	limit int64
	mu    sync.Mutex
	size  int64
	byKey map[string]*list.Element
	order *list.List // of *entry, the latest in front
}

type entry struct {
	key            string
	status         int
	header         http.Header
	body           []byte
	etag, modified string
}

func newCache(limit int64) *cache {
	return &cache{limit: limit, byKey: map[string]*list.Element{}, order: list.New()}
}

// key is what must be equal for an answer to be the same: the address and all
// headers, the credential among them.
func (c *Client) key(ctx context.Context, x *exchange) (string, error) {
	req, err := c.request(ctx, x, x.u, nil)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, k := range slices.Sorted(maps.Keys(req.Header)) {
		for _, v := range req.Header[k] {
			h.Write([]byte(k + "\x00" + v + "\x00"))
		}
	}
	h.Write([]byte("\x01" + req.URL.RawQuery)) // an Authorize may put the credential there
	return x.u.String() + " " + string(h.Sum(nil)), nil
}

func (c *cache) get(key string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[key]
	if !ok {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*entry)
}

// put keeps an answer that can be asked for conditionally, and forgets what it
// replaces.
func (c *cache) put(key string, r *Response) {
	e := &entry{key: key, status: r.Status, header: r.Header, body: r.Body, etag: r.Header.Get("ETag"), modified: r.Header.Get("Last-Modified")}
	keep := (e.etag != "" || e.modified != "") && e.size() <= c.limit/4 && !strings.Contains(strings.ToLower(r.Header.Get("Cache-Control")), "no-store")
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.byKey[key]; ok {
		c.drop(old)
	}
	if !keep {
		return
	}
	c.byKey[key] = c.order.PushFront(e)
	c.size += e.size()
	for c.size > c.limit {
		c.drop(c.order.Back())
	}
}

func (c *cache) drop(e *list.Element) {
	old := c.order.Remove(e).(*entry)
	delete(c.byKey, old.key)
	c.size -= old.size()
}

// size is what an entry takes, in bytes, headers by estimate.
func (e *entry) size() int64 { return int64(len(e.body)+len(e.key)) + 2<<10 }

// ask makes a request conditional.
func (e *entry) ask(h http.Header) {
	if e.etag != "" {
		h.Set("If-None-Match", e.etag)
	}
	if e.modified != "" {
		h.Set("If-Modified-Since", e.modified)
	}
}

// refreshed is the kept header with what a 304 said anew.
func (e *entry) refreshed(h http.Header) http.Header {
	out := e.header.Clone()
	for k, v := range h {
		switch k {
		case "Content-Length", "Content-Type", "Content-Encoding":
		default:
			out[k] = v
		}
	}
	return out
}
