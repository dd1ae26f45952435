package kube

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

func parsed(t *testing.T, s string) tree {
	t.Helper()
	o, err := parseTree([]byte(s))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return o
}

func TestSameJSON(t *testing.T) {
	for _, pair := range [][2]string{
		{`{"a":1}`, `{"a":1,"b":null}`}, {`{}`, `{"m":{"x":null},"l":[]}`}, {`{"a":[{"b":{}}]}`, `{"a":[{}]}`}, {`{"m":{}}`, `{"m":null}`},
	} {
		a, b := map[string]any(parsed(t, pair[0])), map[string]any(parsed(t, pair[1]))
		if !sameJSON(a, b) || !sameJSON(b, a) {
			t.Errorf("%v differ", pair)
		}
	}
	for _, pair := range [][2]string{
		{`{"a":1}`, `{"a":2}`}, {`{"a":1}`, `{"a":"1"}`}, {`{"a":[1,2]}`, `{"a":[2,1]}`}, {`{}`, `{"a":false}`}, {`{"a":{"b":""}}`, `{}`}, {`{"a":[]}`, `{"a":[null]}`},
	} {
		a, b := map[string]any(parsed(t, pair[0])), map[string]any(parsed(t, pair[1]))
		if sameJSON(a, b) || sameJSON(b, a) {
			t.Errorf("%v are the same", pair)
		}
	}
}

func TestFollowTemplate(t *testing.T) {
	definition := func(template string) string {
		return `{"kind":"Deployment","spec":{"replicas":3,"template":` + template + `}}`
	}
	for name, c := range map[string]struct{ applied, live, target, want string }{
		"defaults stay out": {
			`{"spec":{"containers":[{"name":"a","image":"a:2"}]}}`,
			`{"spec":{"dnsPolicy":"ClusterFirst","containers":[{"name":"a","image":"a:2","imagePullPolicy":"Always"}]}}`,
			`{"spec":{"dnsPolicy":"ClusterFirst","containers":[{"name":"a","image":"a:1","imagePullPolicy":"Always"}]}}`,
			`{"spec":{"containers":[{"name":"a","image":"a:1"}]}}`,
		},
		"what comes back is owned": {
			`{"spec":{"containers":[{"name":"a","env":[{"name":"K","value":"2"}]}]}}`,
			`{"spec":{"containers":[{"name":"a","env":[{"name":"K","value":"2"},{"name":"HAND","value":"x"}]}]}}`,
			`{"spec":{"nodeName":"n","containers":[{"name":"a","args":["x","y"],"env":[{"name":"K","value":"2"},{"name":"HAND","value":"x"},{"name":"G","value":"1"}]},{"name":"b","image":"b:1"}]}}`,
			`{"spec":{"nodeName":"n","containers":[{"name":"a","args":["x","y"],"env":[{"name":"K","value":"2"},{"name":"G","value":"1"}]},{"name":"b","image":"b:1"}]}}`,
		},
		"what goes is not": {
			`{"spec":{"hostNetwork":true,"containers":[{"name":"a","command":["c"]},{"name":"b"}]}}`,
			`{"spec":{"hostNetwork":true,"containers":[{"name":"a","command":["c"]},{"name":"b"}]}}`,
			`{"spec":{"containers":[{"name":"a"}]}}`,
			`{"spec":{"containers":[{"name":"a"}]}}`,
		},
		"a restart is nobody's": {
			`{"spec":{}}`, `{"metadata":{},"spec":{}}`, `{"metadata":{"annotations":{"` + restartedAt + `":"then","a":"b"}},"spec":{}}`,
			`{"metadata":{"annotations":{"a":"b"}},"spec":{}}`,
		},
	} {
		got, ok := followTemplate(definition(c.applied), parsed(t, c.live), parsed(t, c.target))
		if !ok || !sameJSON(map[string]any(parsed(t, got)), map[string]any(parsed(t, definition(c.want)))) {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, broken := range []string{"", "{", "[]", `{"kind":"X"}`} {
		if _, ok := followTemplate(broken, tree{}, tree{"a": "b"}); ok {
			t.Errorf("%q is followed", broken)
		}
	}
}

// TestGraftOntoItself: the differences between two states, applied to the
// first, make the second; and nothing is written to.
func TestGraftOntoItself(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var value func(depth int) any
	value = func(depth int) any {
		switch n := r.IntN(6); {
		case n < 2 && depth > 0:
			m := map[string]any{}
			for range r.IntN(4) {
				m[string(rune('a'+r.IntN(4)))] = value(depth - 1)
			}
			return m
		case n == 2 && depth > 0:
			l := []any{}
			for range r.IntN(3) {
				l = append(l, value(depth-1))
			}
			return l
		case n == 3:
			return json.Number("7")
		}
		return strings.Repeat("x", 1+r.IntN(2))
	}
	for range 5000 {
		from, to := map[string]any{"k": value(4)}, map[string]any{"k": value(4)}
		before := tree(from).cloned()
		if got := graft(from, from, to, ""); !sameJSON(got, to) {
			t.Fatalf("from %v to %v: %v", from, to, got)
		}
		if !sameJSON(from, map[string]any(before)) {
			t.Fatalf("%v was written to: %v", before, from)
		}
	}
}
