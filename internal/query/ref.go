package query

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"devops-tui/internal/core"
)

// RefPattern names objects on the command line:
// source[:scope]/kind/[namespace/]name, or any end of that from a slash on.
// The namespace may be left out ("deployment/api"), and with Kinds a kind may
// be written as its plural or alias ("deploy/api").
type RefPattern struct {
	text    string
	options []string // the text, and the text with the kind spelled in full
}

// ParseRef reads a pattern.
func ParseRef(s string) (RefPattern, error) {
	switch {
	case s == "":
		return RefPattern{}, errors.New("a REF is empty; it is source[:scope]/kind/[namespace/]name or the end of it")
	case len(s) > maxQuery:
		return RefPattern{}, fmt.Errorf("a REF is longer than %d bytes", maxQuery)
	case strings.HasPrefix(s, "/") || strings.HasSuffix(s, "/"):
		return RefPattern{}, fmt.Errorf("REF %q begins or ends with a slash; it is source[:scope]/kind/[namespace/]name or the end of it", s)
	}
	return RefPattern{text: s, options: []string{s}}, nil
}

// String is the pattern as it was typed; raw text.
func (p RefPattern) String() string { return p.text }

// WithKinds lets the pattern spell a kind by its plural or one of its aliases.
func (p RefPattern) WithKinds(kinds []core.Kind) RefPattern {
	p.options = slices.Clone(p.options)
	parts := strings.SplitN(p.text, "/", 3)
	for i := range min(2, len(parts)-1) { // the kind comes first or second, and a name follows it
		for _, k := range kinds {
			if parts[i] != k.Plural && !slices.Contains(k.Aliases, parts[i]) {
				continue
			}
			full := slices.Clone(parts)
			full[i] = k.Name
			if o := strings.Join(full, "/"); !slices.Contains(p.options, o) {
				p.options = append(p.options, o)
			}
		}
	}
	return p
}

// How well a pattern fits; a better fit wins over any number of worse ones.
const (
	fitNone   = iota
	fitPart   // the end of a name with slashes: nginx:1.27 of docker.io/library/nginx:1.27, run/acme/shop/1842 of the run ci/1842
	fitName   // name, or namespace/name
	fitPath   // kind/[namespace/]name
	fitSource // source/kind/[namespace/]name
	fitFull   // all of it
)

// fit says how well r fits.
func (p RefPattern) fit(r core.Ref) int {
	best := fitNone
	short := r
	short.Name = r.Name[strings.LastIndexByte(r.Name, '/')+1:]
	for _, o := range p.options {
		best = max(best, fit(o, r))
		if best == fitNone && short.Name != r.Name && fit(o, short) != fitNone {
			best = fitPart
		}
	}
	return best
}

func fit(s string, r core.Ref) int {
	if !strings.HasSuffix(s, r.Name) { // most objects end here
		if strings.HasSuffix(r.Name, s) && r.Name[len(r.Name)-len(s)-1] == '/' {
			return fitPart
		}
		return fitNone
	}
	if s == r.Name {
		return fitName
	}
	path, bare := r.Path(), r.Kind+"/"+r.Name
	for _, form := range []string{path, bare} {
		switch s {
		case form:
			return fitPath
		case r.Source + "/" + form:
			return fitSource
		case r.Source + ":" + r.Scope + "/" + form:
			return fitFull
		}
	}
	if r.Namespace != "" && strings.HasSuffix(r.Namespace+"/"+r.Name, s) {
		if ns := r.Namespace + "/" + r.Name; s == ns || ns[len(ns)-len(s)-1] == '/' {
			return fitName
		}
	}
	return fitNone
}

// Match reports whether the pattern names r.
func (p RefPattern) Match(r core.Ref) bool { return p.fit(r) != fitNone }

// RefError says that a pattern names no object, or several.
type RefError struct {
	Pattern    string
	Candidates []core.Ref // the objects it could mean, when there are several
	Nearest    []core.Ref // when there is none: what may have been meant
}

// maxListed bounds how many objects an error lists.
const maxListed = 20

// Error lists what could be meant, one a line. It is raw text.
func (e *RefError) Error() string {
	var b strings.Builder
	list := e.Candidates
	switch {
	case len(list) > 0:
		fmt.Fprintf(&b, "%q is ambiguous; it could be", e.Pattern)
	case len(e.Nearest) > 0:
		list = e.Nearest
		fmt.Fprintf(&b, "no object %q; did you mean", e.Pattern)
	default:
		fmt.Fprintf(&b, "no object %q", e.Pattern)
	}
	for i, r := range list {
		if i == maxListed {
			fmt.Fprintf(&b, "\n  … and %d more", len(list)-i)
			break
		}
		b.WriteString("\n  " + r.String())
	}
	return b.String()
}

// Resolve finds the one object of refs that the pattern names. Lives of the
// same object (refs that differ in UID alone) count as one: the last of them.
func (p RefPattern) Resolve(refs []core.Ref) (core.Ref, error) {
	var hits []core.Ref
	best := fitPart
	for _, r := range refs {
		f := p.fit(r)
		if f == fitNone || f < best {
			continue
		}
		if f > best {
			best, hits = f, hits[:0]
		}
		if i := slices.IndexFunc(hits, r.SameObject); i >= 0 {
			hits[i] = r
			continue
		}
		hits = append(hits, r)
	}
	switch len(hits) {
	case 1:
		return hits[0], nil
	case 0:
		return core.Ref{}, &RefError{Pattern: p.text, Nearest: p.nearest(refs)}
	}
	slices.SortFunc(hits, core.Ref.Compare)
	return core.Ref{}, &RefError{Pattern: p.text, Candidates: hits}
}

// nearest finds the objects whose form with as many parts is spelled almost
// like the pattern.
func (p RefPattern) nearest(refs []core.Ref) []core.Ref {
	parts := strings.Count(p.text, "/") + 1
	byForm := map[string]core.Ref{}
	var forms []string
	for _, r := range refs {
		all := strings.Split(r.String(), "/")
		form := strings.Join(all[max(0, len(all)-parts):], "/")
		if _, dup := byForm[form]; !dup {
			byForm[form] = r
			forms = append(forms, form)
		}
	}
	slices.SortFunc(forms, cmp.Compare[string])
	var out []core.Ref
	for _, f := range core.Nearest(p.text, forms, 5) {
		out = append(out, byForm[f])
	}
	return out
}
