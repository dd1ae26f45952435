package contract

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// route is one operation of a description.
type route struct {
	method, template string
	pattern          *regexp.Regexp
	names            []string // of the path's parameters, in order
	op               *openapi3.Operation
	parameters       openapi3.Parameters
}

var placeholder = regexp.MustCompile(`\{([^}]+)\}`)

func readRoutes(b []byte) ([]*route, error) {
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		return nil, err
	}
	var out []*route
	for template, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			r := &route{method: method, template: template, op: op}
			r.parameters = append(append(r.parameters, item.Parameters...), op.Parameters...)
			var pattern strings.Builder
			pattern.WriteString("^")
			rest := template
			for {
				at := placeholder.FindStringSubmatchIndex(rest)
				if at == nil {
					break
				}
				name := rest[at[2]:at[3]]
				r.names = append(r.names, name)
				pattern.WriteString(regexp.QuoteMeta(rest[:at[0]]))
				if r.takesSlashes(name) {
					pattern.WriteString("(.+)")
				} else {
					pattern.WriteString("([^/]+)")
				}
				rest = rest[at[1]:]
			}
			pattern.WriteString(regexp.QuoteMeta(rest) + "$")
			r.pattern = regexp.MustCompile(pattern.String())
			out = append(out, r)
		}
	}
	// The one with more words of its own is the better fit.
	slices.SortFunc(out, func(a, b *route) int {
		return cmp.Or(len(a.names)-len(b.names), cmp.Compare(len(b.template), len(a.template)), cmp.Compare(a.template, b.template), cmp.Compare(a.method, b.method))
	})
	return out, nil
}

func (r *route) takesSlashes(name string) bool {
	for _, p := range r.parameters {
		if p.Value != nil && p.Value.In == "path" && p.Value.Name == name {
			multi, _ := p.Value.Extensions["x-multi-segment"].(bool)
			return multi || strings.HasSuffix(r.template, "/{path}") && name == "path"
		}
	}
	return strings.HasSuffix(r.template, "{"+name+"}") && strings.HasSuffix(name, "path")
}

// find is the operation for a path as it was sent, without the query.
func (s *Spec) find(method, path string) (*route, error) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	path = strings.TrimPrefix(path, s.Prefix)
	var others []string
	for _, r := range s.routes {
		m := r.pattern.FindStringSubmatch(path)
		if m == nil {
			continue
		}
		if r.method != method {
			others = append(others, r.method)
			continue
		}
		for i, name := range r.names {
			v, err := url.PathUnescape(m[i+1])
			if err != nil {
				return nil, fmt.Errorf("%s %s: the path is not escaped: %w", method, path, err)
			}
			if err := r.check("path", name, []string{v}); err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
		}
		return r, nil
	}
	if others != nil {
		return nil, fmt.Errorf("%s knows %s only with %s", s.name, path, strings.Join(others, ", "))
	}
	return nil, fmt.Errorf("%s does not know %s %s", s.name, method, path)
}

// query checks the parameters of a request.
func (r *route) query(raw string) error {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return fmt.Errorf("query %q: %w", raw, err)
	}
	for name, values := range q {
		if err := r.check("query", name, values); err != nil {
			return err
		}
	}
	for _, p := range r.parameters {
		if p.Value.In == "query" && p.Value.Required && !q.Has(p.Value.Name) {
			return fmt.Errorf("%s %s needs the parameter %s", r.method, r.template, p.Value.Name)
		}
	}
	return nil
}

func (r *route) check(in, name string, values []string) error {
	for _, p := range r.parameters {
		if p.Value.In != in || strings.TrimSuffix(p.Value.Name, "[]") != strings.TrimSuffix(name, "[]") {
			continue
		}
		if p.Value.Schema == nil || p.Value.Schema.Value == nil {
			return nil
		}
		for _, v := range values {
			if !fits(p.Value.Schema.Value, v) {
				return fmt.Errorf("%s %s: %q is no value of the parameter %s", r.method, r.template, v, name)
			}
		}
		return nil
	}
	if in == "path" {
		return nil // some descriptions leave them out
	}
	return fmt.Errorf("%s %s has no parameter %s", r.method, r.template, name)
}

// fits reports whether the text of a parameter is a value of its schema.
func fits(s *openapi3.Schema, v string) bool {
	for _, alternatives := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf} {
		if len(alternatives) > 0 {
			return slices.ContainsFunc(alternatives, func(a *openapi3.SchemaRef) bool { return fits(a.Value, v) })
		}
	}
	var value any = v
	switch {
	case s.Type.Is("array"):
		if s.Items == nil || s.Items.Value == nil {
			return true
		}
		return fits(s.Items.Value, v)
	case s.Type.Is("integer"), s.Type.Is("number"):
		n, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return false
		}
		value = n
	case s.Type.Is("boolean"):
		b, err := strconv.ParseBool(v)
		if err != nil {
			return false
		}
		value = b
	}
	return s.VisitJSON(value) == nil
}
