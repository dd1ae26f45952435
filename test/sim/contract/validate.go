package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// Validate fails the test where an answer is not as described: its status, its
// described headers, its type and its body. The path is as it was sent, with
// the query, whose parameters are checked too.
func (s *Spec) Validate(tb testing.TB, method, path string, status int, header http.Header, body []byte) {
	tb.Helper()
	if err := s.Check(method, path, status, header, body); err != nil {
		tb.Errorf("%s %s answered %d: %v\n%s", method, path, status, err, short(body))
	}
}

// Check is Validate that returns what is wrong.
func (s *Spec) Check(method, path string, status int, header http.Header, body []byte) error {
	path, query, _ := strings.Cut(path, "?")
	r, err := s.find(method, path)
	if err != nil {
		return err
	}
	if status < 400 { // what is wrong about a request may be why it was refused
		if err := r.query(query); err != nil {
			return err
		}
	}
	if status == http.StatusNotModified {
		return empty(body)
	}
	described := r.op.Responses.Value(strconv.Itoa(status))
	if described == nil {
		described = r.op.Responses.Default()
	}
	if described == nil || described.Value == nil {
		if status >= 400 {
			return nil // every operation may fail, few say how
		}
		return fmt.Errorf("%s %s does not answer %d", r.method, r.template, status)
	}
	for name, h := range described.Value.Headers {
		if err := checkHeader(name, h.Value, header.Get(name)); err != nil {
			return err
		}
	}
	return s.body(described.Value, method, header, body)
}

func (s *Spec) body(described *openapi3.Response, method string, header http.Header, body []byte) error {
	if len(described.Content) == 0 || method == http.MethodHead {
		return empty(body)
	}
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("Content-Type %q: %w", header.Get("Content-Type"), err)
	}
	media := described.Content.Get(kind)
	if media == nil && kind == "application/json" { // vendors' types are JSON as well
		for name, m := range described.Content {
			if strings.HasSuffix(name, "+json") || strings.HasPrefix(name, "application/json") {
				media = m
			}
		}
	}
	if media == nil {
		return fmt.Errorf("it is not described with Content-Type %s", kind)
	}
	if media.Schema == nil || media.Schema.Value == nil || kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return nil
	}
	// A stream is one value after another.
	d := json.NewDecoder(bytes.NewReader(body))
	for n := 0; ; n++ {
		var v any
		if err := d.Decode(&v); err != nil {
			if n > 0 && !d.More() {
				return nil
			}
			return fmt.Errorf("it is not JSON: %w", err)
		}
		if err := s.value(media.Schema.Value, v); err != nil {
			return err
		}
	}
}

func (s *Spec) value(schema *openapi3.Schema, v any) error {
	if s.nulls {
		v = withoutNulls(v)
	}
	if err := schema.VisitJSON(v, openapi3.VisitAsResponse(), openapi3.MultiErrors()); err != nil {
		return shortError(err)
	}
	if s.Strict {
		if unknown := unknownMembers(schema, v, "", nil); len(unknown) > 0 {
			return fmt.Errorf("members that are not described: %s", strings.Join(unknown, ", "))
		}
	}
	return nil
}

// Request fails the test where a request is not as described: its path, its
// parameters and its JSON body.
func (s *Spec) Request(tb testing.TB, method, path string, body []byte) {
	tb.Helper()
	if err := s.CheckRequest(method, path, body); err != nil {
		tb.Errorf("%s %s: %v\n%s", method, path, err, short(body))
	}
}

// CheckRequest is Request that returns what is wrong.
func (s *Spec) CheckRequest(method, path string, body []byte) error {
	path, query, _ := strings.Cut(path, "?")
	r, err := s.find(method, path)
	if err != nil {
		return err
	}
	if err := r.query(query); err != nil {
		return err
	}
	if r.op.RequestBody == nil || r.op.RequestBody.Value == nil {
		if len(bytes.TrimSpace(body)) > 0 && string(body) != "{}" {
			return errors.New("it takes no body")
		}
		return nil
	}
	media := r.op.RequestBody.Value.Content.Get("application/json")
	if media == nil || media.Schema == nil || len(body) == 0 {
		if len(body) == 0 && r.op.RequestBody.Value.Required {
			return errors.New("it needs a body")
		}
		return nil
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	return s.value(media.Schema.Value, v)
}

// Handler passes requests to h and checks what it answers. Paths for which
// known is false are not checked (nil: all are).
func (s *Spec) Handler(tb testing.TB, h http.Handler, known func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if known != nil && !known(r) {
			h.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		s.Validate(tb, r.Method, (&url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}).String(), rec.Code, rec.Header(), rec.Body.Bytes())
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}

func empty(body []byte) error {
	if len(bytes.TrimSpace(body)) > 0 {
		return errors.New("it has a body where none is described")
	}
	return nil
}

func checkHeader(name string, h *openapi3.Header, v string) error {
	if h == nil {
		return nil
	}
	if v == "" {
		if h.Required {
			return fmt.Errorf("no header %s", name)
		}
		return nil
	}
	if h.Schema != nil && h.Schema.Value != nil && !fits(h.Schema.Value, v) {
		return fmt.Errorf("header %s: %q", name, v)
	}
	return nil
}

// withoutNulls leaves members out that are null.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			if item != nil {
				out[k] = withoutNulls(item)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = withoutNulls(item)
		}
		return out
	}
	return v
}

// unknownMembers are the members of v that its schema does not name.
func unknownMembers(s *openapi3.Schema, v any, at string, out []string) []string {
	switch v := v.(type) {
	case []any:
		if s.Items != nil && s.Items.Value != nil {
			for i, item := range v {
				out = unknownMembers(s.Items.Value, item, fmt.Sprintf("%s[%d]", at, i), out)
			}
		}
	case map[string]any:
		properties, open := members(s, 0)
		if len(properties) == 0 {
			return out
		}
		for k, item := range v {
			p, ok := properties[k]
			switch {
			case ok && p.Value != nil:
				out = unknownMembers(p.Value, item, at+"."+k, out)
			case !ok && !open:
				out = append(out, at+"."+k)
			}
		}
	}
	slices.Sort(out)
	return out
}

// members are the named members of an object in all of its alternatives; open
// says that it may have others.
func members(s *openapi3.Schema, depth int) (all openapi3.Schemas, open bool) {
	all = openapi3.Schemas{}
	if s == nil || depth > 8 {
		return all, false
	}
	for k, p := range s.Properties {
		all[k] = p
	}
	if a := s.AdditionalProperties; a.Schema != nil || a.Has != nil && *a.Has {
		open = true
	}
	for _, list := range []openapi3.SchemaRefs{s.AllOf, s.AnyOf, s.OneOf} {
		for _, r := range list {
			more, o := members(r.Value, depth+1)
			open = open || o
			for k, p := range more {
				all[k] = p
			}
		}
	}
	return all, open
}

// shortError keeps what is wrong and where, without the schema.
func shortError(err error) error {
	var many openapi3.MultiError
	if !errors.As(err, &many) {
		many = openapi3.MultiError{err}
	}
	var parts []string
	for _, e := range many {
		var s *openapi3.SchemaError
		if errors.As(e, &s) {
			parts = append(parts, "/"+strings.Join(s.JSONPointer(), "/")+": "+s.Reason)
		} else {
			parts = append(parts, e.Error())
		}
		if len(parts) == 5 {
			break
		}
	}
	return errors.New(strings.Join(parts, "; "))
}

func short(b []byte) []byte {
	if len(b) > 2000 {
		return append(bytes.Clone(b[:2000]), "…"...)
	}
	return b
}
