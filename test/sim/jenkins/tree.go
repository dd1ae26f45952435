package jenkins

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// bean is an object of the API: its properties by name, made when asked for.
type bean struct {
	class string
	props []prop
}

// prop is a property. Those of a higher visibility also show deeper down when
// no tree is given.
type prop struct {
	name string
	vis  int
	get  func() any
}

func is(name string, v any) prop { return prop{name, 1, func() any { return v }} }

func seen(name string, v any) prop { return prop{name, 3, func() any { return v }} }

func lazy(name string, f func() any) prop { return prop{name, 1, f} }

// node is a tree expression: what is wanted below.
type node struct {
	below map[string]*node
	from  int
	to    int // -1: no end
}

var errTree = errors.New("malformed tree expression")

// parseTree reads a,b[c,d]{0,30}.
func parseTree(s string) (*node, error) {
	p := &treeParser{s: s}
	n, err := p.list()
	if err != nil || p.at < len(p.s) {
		return nil, errTree
	}
	return n, nil
}

type treeParser struct {
	s  string
	at int
}

func (p *treeParser) peek() byte {
	if p.at < len(p.s) {
		return p.s[p.at]
	}
	return 0
}

func (p *treeParser) list() (*node, error) {
	n := &node{below: map[string]*node{}, to: -1}
	for {
		from := p.at
		for c := p.peek(); c != 0 && !strings.ContainsRune(",[]{}", rune(c)); c = p.peek() {
			p.at++
		}
		name := p.s[from:p.at]
		if name == "" {
			return nil, errTree
		}
		child := &node{to: -1}
		if p.peek() == '[' {
			p.at++
			var err error
			if child, err = p.list(); err != nil || p.peek() != ']' {
				return nil, errTree
			}
			p.at++
		}
		if p.peek() == '{' {
			end := strings.IndexByte(p.s[p.at:], '}')
			if end < 0 || !child.bound(p.s[p.at+1:p.at+end]) {
				return nil, errTree
			}
			p.at += end + 1
		}
		n.below[name] = child
		if p.peek() != ',' {
			return n, nil
		}
		p.at++
	}
}

// bound reads a range: "0,30", ",30", "5,", "7".
func (n *node) bound(s string) bool {
	a, b, two := strings.Cut(s, ",")
	var err error
	if a != "" {
		if n.from, err = strconv.Atoi(a); err != nil {
			return false
		}
	}
	switch {
	case !two:
		n.to = n.from + 1
	case b != "":
		n.to, err = strconv.Atoi(b)
	}
	return err == nil
}

func (n *node) child(name string) *node {
	if c := n.below[name]; c != nil {
		return c
	}
	return n.below["*"]
}

// pruner decides what of an object is written: by a tree, or by depth.
type pruner struct {
	tree  *node
	depth int // of pruning by depth: the least visibility that shows
}

func (p pruner) accept(x prop) (pruner, bool) {
	if p.tree != nil {
		c := p.tree.child(x.name)
		return pruner{tree: c}, c != nil
	}
	return pruner{depth: p.depth + 1}, x.vis >= p.depth
}

// render makes JSON values of what the API exposes.
func render(v any, p pruner) any {
	switch v := v.(type) {
	case *bean:
		if v == nil {
			return nil
		}
		out := map[string]any{}
		if v.class != "" {
			out["_class"] = v.class
		}
		for _, x := range v.props {
			if below, ok := p.accept(x); ok {
				out[x.name] = render(x.get(), below)
			}
		}
		return out
	case []*bean:
		if p.tree != nil {
			v = v[min(p.tree.from, len(v)):]
			if p.tree.to >= 0 {
				v = v[:min(max(p.tree.to-p.tree.from, 0), len(v))]
			}
		}
		out := make([]any, len(v))
		for i, b := range v {
			out[i] = render(b, p)
		}
		return out
	}
	return v
}

// api answers …/api/json.
func (c *call) api(b *bean) {
	p := pruner{depth: 1}
	q := c.r.URL.Query()
	if depth, err := strconv.Atoi(q.Get("depth")); err == nil {
		p.depth = 1 - depth
	}
	if s := q.Get("tree"); s != "" {
		n, err := parseTree(s)
		if err != nil {
			page(c.rw, http.StatusInternalServerError, "Oops!", "A problem occurred while processing the request")
			return
		}
		p.tree = n
	}
	c.json(render(b, p))
}

func (c *call) json(v any) {
	c.rw.Header().Set("Content-Type", "application/json;charset=utf-8")
	enc := json.NewEncoder(c.rw)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client's connection is its business
}
