package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// tree is an object as its JSON says it: for what is looked at one by one, of
// whatever kind.
type tree map[string]any

// at walks down; what is missing is nil.
func (o tree) at(path ...string) any {
	var v any = map[string]any(o)
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

func (o tree) str(path ...string) string { return scalar(o.at(path...)) }

func (o tree) sub(path ...string) tree {
	m, _ := o.at(path...).(map[string]any)
	return m
}

// items are the objects of a list.
func (o tree) items(path ...string) []tree {
	l, _ := o.at(path...).([]any)
	out := make([]tree, 0, len(l))
	for _, v := range l {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func (o tree) num(path ...string) int {
	n, ok := o.at(path...).(json.Number)
	if !ok {
		return 0
	}
	i, _ := n.Int64()
	return int(i)
}

func (o tree) time(path ...string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, o.str(path...))
	return t
}

// keys are sorted.
func (o tree) keys() []string { return slices.Sorted(maps.Keys(o)) }

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	case nil:
		return ""
	}
	b, _ := json.Marshal(v)
	return string(b)
}

func parseTree(b []byte) (tree, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var o tree
	if err := d.Decode(&o); err != nil {
		return nil, fmt.Errorf("decode the object: %w", err)
	}
	return o, nil
}

// kindOf finds the kind of a ref; discovery is asked if it is not known yet.
func (s *Source) kindOf(ctx context.Context, name string) (*kind, error) {
	if k := s.kinds.get(name); k != nil {
		return k, nil
	}
	if err := s.kinds.discover(ctx, s.client); err != nil {
		return nil, s.problem(text.Sprintf("cannot find out what a %s is", name), err)
	}
	if k := s.kinds.get(name); k != nil {
		return k, nil
	}
	return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("the cluster has no kind %s", name), Hint: text.Lit("kubectl api-resources")}
}

// fetch reads one object afresh and makes sure that it is the one meant.
func (s *Source) fetch(ctx context.Context, ref core.Ref) (*kind, tree, error) {
	k, err := s.kindOf(ctx, ref.Kind)
	if err != nil {
		return nil, nil, err
	}
	if k == releaseKind {
		return nil, nil, &core.Problem{Kind: core.Unsupported, Summary: text.Lit("a Helm release can only be looked at and rolled back")}
	}
	b, err := s.client.do(ctx, request{path: k.object(ref)}, nil)
	if err != nil {
		return k, nil, s.problem(text.Sprintf("cannot read %s %s", k.Name, ref.Name), err)
	}
	o, err := parseTree(b)
	if err != nil {
		return k, nil, s.problem(text.Safe{}, err)
	}
	if err := sameLife(ref, o.str("metadata", "uid")); err != nil {
		return k, nil, err
	}
	return k, o, nil
}

// sameLife refuses an object that took the place of the one meant.
func sameLife(ref core.Ref, uid string) error {
	if ref.UID == "" || uid == ref.UID {
		return nil
	}
	return &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s %s was deleted and made anew meanwhile", ref.Kind, ref.Name), Hint: text.Lit("look at the new one")}
}

// Get reads one object's row afresh.
func (s *Source) Get(ctx context.Context, ref core.Ref) (*core.Resource, error) {
	k, err := s.kindOf(ctx, ref.Kind)
	if err != nil {
		return nil, err
	}
	if k == releaseKind {
		return s.getRelease(ctx, ref)
	}
	what := text.Sprintf("cannot read %s %s", k.Name, ref.Name)
	var r row
	if k.reduce != nil {
		b, err := s.client.do(ctx, request{path: k.object(ref), accept: acceptProto}, nil)
		if err != nil {
			return nil, s.problem(what, err)
		}
		_, raw, err := unwrap(b)
		if err == nil {
			r, err = (&protoCodec{k, newReducer(s.scope, s.now)}).reduce(raw)
		}
		if err != nil {
			return nil, s.problem(what, err)
		}
	} else if k.custom != nil {
		b, err := s.client.do(ctx, request{path: k.object(ref), accept: acceptJSON}, nil)
		if err != nil {
			return nil, s.problem(what, err)
		}
		if r, err = (&customCodec{k, newReducer(s.scope, s.now)}).reduce(decoderOf(b)); err != nil {
			return nil, s.problem(what, err)
		}
	} else {
		b, err := s.client.do(ctx, request{path: k.object(ref), accept: acceptTable}, nil)
		if err != nil {
			return nil, s.problem(what, err)
		}
		c := newTableCodec(k, nil)
		c.scope = s.scope
		if _, err = c.page(b, func(x row) { r = x }); err != nil || r.Resource == nil {
			return nil, s.problem(what, fmt.Errorf("an empty table: %w", err))
		}
	}
	if err := sameLife(ref, r.Ref.UID); err != nil {
		return nil, err
	}
	return r.Resource, nil
}

// secretName tells names whose values are not shown.
func secretName(name string) bool {
	n := strings.ToLower(name)
	for _, w := range []string{"password", "passwd", "secret", "token", "apikey", "api_key", "api-key", "private", "credential", "access_key", "accesskey", "auth", "dsn", "connection_string"} {
		if strings.Contains(n, w) {
			return true
		}
	}
	return strings.HasSuffix(n, "_key") || strings.HasSuffix(n, "_pwd") || strings.HasSuffix(n, "_pass")
}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// redact takes out of an object what nobody should see or read: the managed
// fields, kubectl's copy of the last definition, the data of secrets, and
// environment values whose names say that they are secret.
func redact(o tree) {
	meta := o.sub("metadata")
	delete(meta, "managedFields")
	if notes := meta.sub("annotations"); notes != nil {
		delete(notes, lastApplied)
		for k := range notes {
			if secretName(k) && !strings.Contains(k, "kubernetes.io/") || o.str("kind") == "Secret" && len(scalar(notes[k])) > 256 {
				notes[k] = "(hidden)"
			}
		}
		if len(notes) == 0 {
			delete(meta, "annotations")
		}
	}
	if o.str("kind") == "Secret" {
		for _, part := range []string{"data", "stringData"} {
			data := o.sub(part)
			for k, v := range data {
				s := scalar(v)
				n := len(s)
				if part == "data" { // base64
					n = len(s)/4*3 - strings.Count(s, "=")
				}
				data[k] = fmt.Sprintf("(hidden, %s)", byteSize(n))
			}
		}
	}
	redactEnv(map[string]any(o))
	if o.str("kind") == "Application" {
		redactHelm(map[string]any(o))
	}
	if o.str("kind") == "List" || strings.HasSuffix(o.str("kind"), "List") {
		for _, i := range o.items("items") {
			redact(i)
		}
	}
}

// redactEnv walks through everything: pod templates are nested in many kinds.
func redactEnv(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, x := range v {
			if list, ok := x.([]any); ok && key == "env" {
				for _, e := range list {
					if m, ok := e.(map[string]any); ok && m["value"] != nil && m["value"] != "" && secretName(scalar(m["name"])) {
						m["value"] = "(hidden)"
					}
				}
				continue
			}
			redactEnv(x)
		}
	case []any:
		for _, x := range v {
			redactEnv(x)
		}
	}
}
