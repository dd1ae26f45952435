package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Base is the address of the server as the client sees it, without a slash at
// its end: what absolute addresses in answers begin with.
func Base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// JSON answers with v.
func JSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
}

// ETags gives each answer of 200 to a GET a weak entity tag, and answers 304 to
// who has it. Answers are held back whole: it is not for streams.
func ETags(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			h.ServeHTTP(w, r)
			return
		}
		held := &heldAnswer{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(held, r)
		body := held.body.Bytes()
		if held.status == http.StatusOK {
			sum := sha256.Sum256(body)
			tag := `W/"` + hex.EncodeToString(sum[:16]) + `"`
			w.Header().Set("ETag", tag)
			for known := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
				if strings.TrimSpace(known) == tag {
					w.Header().Del("Content-Type")
					w.Header().Del("Content-Length")
					w.WriteHeader(http.StatusNotModified)
					return
				}
			}
		}
		w.WriteHeader(held.status)
		_, _ = w.Write(body)
	})
}

type heldAnswer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) WriteHeader(code int)        { h.status = code }
func (h *heldAnswer) Write(b []byte) (int, error) { return h.body.Write(b) }

// Page is the part of items that the request asks for by page and per_page (20
// when it does not say, at most 100), with a Link header that leads to the
// others.
func Page[T any](w http.ResponseWriter, r *http.Request, items []T) []T {
	q := r.URL.Query()
	per := number(q.Get("per_page"), 20, 100)
	page := number(q.Get("page"), 1, 1<<30)
	last := max(1, (len(items)+per-1)/per)
	var links []string
	link := func(rel string, n int) {
		q := r.URL.Query()
		q.Set("page", strconv.Itoa(n))
		u := url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: q.Encode()}
		links = append(links, "<"+Base(r)+u.String()+`>; rel="`+rel+`"`)
	}
	if page > 1 {
		link("prev", page-1)
		link("first", 1)
	}
	if page < last {
		link("next", page+1)
		link("last", last)
	}
	if links != nil {
		w.Header().Set("Link", strings.Join(links, ", "))
	}
	begin := min(len(items), (page-1)*per)
	return items[begin:min(len(items), begin+per)]
}

// number reads a positive number of a query.
func number(s string, without, most int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return without
	}
	return min(n, most)
}
