package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/core"
)

// Bounds of what a file may ask of us.
const (
	maxNodes = 50_000
	maxDepth = 64
	// maxProblems ends the list: nobody reads on.
	maxProblems = 100
)

// nodeDecoder is a type that reads its own node.
type nodeDecoder interface {
	decodeNode(d *decoder, n *yaml.Node, path string)
}

// decoder fills Go values from YAML nodes and keeps what is wrong with its
// place. What is wrong is left as it was.
type decoder struct {
	problems []Problem
	nodes    int
}

func (d *decoder) fail(n *yaml.Node, fix, format string, args ...any) {
	if len(d.problems) >= maxProblems {
		return
	}
	d.problems = append(d.problems, Problem{Line: n.Line, Column: n.Column, Text: fmt.Sprintf(format, args...), Fix: fix})
}

// into decodes n into v, which is settable. path names the setting: "log.tail".
func (d *decoder) into(n *yaml.Node, v reflect.Value, tag reflect.StructTag, path string, depth int) {
	d.nodes++
	if d.nodes > maxNodes || depth > maxDepth {
		if d.nodes <= maxNodes+1 || depth == maxDepth+1 {
			d.fail(n, "", "the file is nested too deeply or has too many entries")
		}
		d.nodes += maxNodes
		return
	}
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	if own, ok := v.Addr().Interface().(nodeDecoder); ok {
		own.decodeNode(d, n, path)
		return
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return // "log:" with nothing behind it: the default
	}
	if v.Type() == reflect.TypeFor[yaml.Node]() {
		v.Set(reflect.ValueOf(*n))
		return
	}
	if _, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.text(n, v, path)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.mapping(n, v, path, depth)
	case reflect.Map:
		d.dictionary(n, v, path, depth)
	case reflect.Slice:
		d.list(n, v, tag, path, depth)
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.into(n, v.Elem(), tag, path, depth+1)
	default:
		d.scalar(n, v, tag, path)
	}
}

// mapping decodes a struct; only its fields may be keys.
func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string, depth int) {
	fields := settings(v.Type())
	d.entries(n, path, func(key, value *yaml.Node) {
		i := findSetting(fields, key.Value)
		if i < 0 {
			d.unknown(key, path, names(fields))
			return
		}
		f := fields[i]
		d.into(value, v.FieldByIndex(f.Index), f.Tag, join(path, key.Value), depth+1)
	})
}

// unknown reports a key that is no setting, with what may have been meant.
func (d *decoder) unknown(key *yaml.Node, path string, known []string) {
	fix := "there are " + strings.Join(known, ", ")
	if near := core.Nearest(key.Value, known, 2); len(near) > 0 {
		fix = "did you mean " + strings.Join(near, " or ") + "?"
	}
	where := ""
	if path != "" {
		where = " in " + path
	}
	d.fail(key, fix, "no setting %q%s", key.Value, where)
}

// entries calls f for each key of a mapping, merge keys resolved.
func (d *decoder) entries(n *yaml.Node, path string, f func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, "write it as key: value lines", "%s wants a mapping, not %s", orFile(path), describe(n))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag == "!!merge" {
			d.fail(key, "write the settings out", "merge keys (<<) are not supported")
			continue
		}
		for key.Kind == yaml.AliasNode && key.Alias != nil {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			d.fail(key, "", "a key must be a plain word, not %s", describe(key))
			continue
		}
		if line, dup := seen[key.Value]; dup {
			d.fail(key, "", "%s is set twice, first in line %d", join(path, key.Value), line)
			continue
		}
		seen[key.Value] = key.Line
		f(key, value)
	}
}

func (d *decoder) dictionary(n *yaml.Node, v reflect.Value, path string, depth int) {
	if v.Type().Key().Kind() != reflect.String {
		d.fail(n, "", "%s cannot be set in the file", path)
		return
	}
	out := reflect.MakeMap(v.Type())
	d.entries(n, path, func(key, value *yaml.Node) {
		e := reflect.New(v.Type().Elem()).Elem()
		d.into(value, e, "", join(path, key.Value), depth+1)
		out.SetMapIndex(reflect.ValueOf(key.Value).Convert(v.Type().Key()), e)
	})
	v.Set(out)
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, tag reflect.StructTag, path string, depth int) {
	items := n.Content
	if n.Kind == yaml.ScalarNode { // one value may stand without the list
		items = []*yaml.Node{n}
	} else if n.Kind != yaml.SequenceNode {
		d.fail(n, "write it as [a, b] or - lines", "%s wants a list, not %s", path, describe(n))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		d.into(item, out.Index(i), tag, fmt.Sprintf("%s[%d]", path, i), depth+1)
	}
	v.Set(out)
}

func (d *decoder) text(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		d.fail(n, "", "%s wants one value, not %s", path, describe(n))
		return
	}
	fresh := reflect.New(v.Type())
	if err := fresh.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Value)); err != nil {
		d.fail(n, "", "%s: %v", path, err)
		return
	}
	v.Set(fresh.Elem())
}

// scalar decodes one value and holds it to its tags.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value, tag reflect.StructTag, path string) {
	if n.Kind != yaml.ScalarNode {
		d.fail(n, "", "%s wants %s, not %s", path, wanted(v.Type()), describe(n))
		return
	}
	fresh := reflect.New(v.Type()).Elem()
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		t, err := time.ParseDuration(n.Value)
		if err != nil {
			d.fail(n, "", "%s wants a time such as 150ms, 10s or 5m, not %q", path, n.Value)
			return
		}
		fresh.SetInt(int64(t))
	case v.Kind() == reflect.String:
		fresh.SetString(n.Value)
	case v.Kind() == reflect.Interface:
		var x any
		if err := n.Decode(&x); err == nil && x != nil {
			v.Set(reflect.ValueOf(x))
		}
		return
	default:
		if err := n.Decode(fresh.Addr().Interface()); err != nil {
			d.fail(n, "", "%s wants %s, not %q", path, wanted(v.Type()), n.Value)
			return
		}
	}
	if d.bounds(n, fresh, tag, path) {
		v.Set(fresh)
	}
}

// bounds holds a value to the tags enum, min and max.
func (d *decoder) bounds(n *yaml.Node, v reflect.Value, tag reflect.StructTag, path string) bool {
	if enum := tag.Get("enum"); enum != "" {
		values := strings.Split(enum, ",")
		for _, e := range values {
			if n.Value == e {
				return true
			}
		}
		if v.Kind() == reflect.String && n.Tag == "!!bool" { // on and off of YAML 1.1 need no quotes here
			for _, e := range values {
				if strings.EqualFold(n.Value, e) {
					v.SetString(e)
					return true
				}
			}
		}
		fix := "there are " + strings.Join(values, ", ")
		if near := core.Nearest(n.Value, values, 1); len(near) > 0 {
			fix = "did you mean " + near[0] + "?"
		}
		d.fail(n, fix, "%s cannot be %q", path, n.Value)
		return false
	}
	if !v.CanInt() {
		return true
	}
	for _, b := range []struct {
		tag, word string
		wrong     func(bound int64) bool
	}{
		{"min", "at least", func(bound int64) bool { return v.Int() < bound }},
		{"max", "at most", func(bound int64) bool { return v.Int() > bound }},
	} {
		s := tag.Get(b.tag)
		if s != "" && b.wrong(bound(v.Type(), s)) {
			d.fail(n, "", "%s is %s; it must be %s %s", path, n.Value, b.word, s)
			return false
		}
	}
	return true
}

// bound reads a min or max tag.
func bound(t reflect.Type, s string) int64 {
	if t == reflect.TypeFor[time.Duration]() {
		d, err := time.ParseDuration(s)
		if err != nil {
			panic("config: bad bound in a tag: " + s)
		}
		return int64(d)
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic("config: bad bound in a tag: " + s)
	}
	return n
}

// settings are the fields of a struct that the file can set.
func settings(t reflect.Type) []reflect.StructField {
	var out []reflect.StructField
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && settingName(f) != "-" && !(f.Anonymous && f.Type.Kind() == reflect.Struct) {
			out = append(out, f)
		}
	}
	return out
}

// settingName is the key of a field, as yaml.v3 would have it.
func settingName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if name == "" {
		return strings.ToLower(f.Name)
	}
	return name
}

func findSetting(fields []reflect.StructField, name string) int {
	for i, f := range fields {
		if settingName(f) == name {
			return i
		}
	}
	return -1
}

func names(fields []reflect.StructField) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = settingName(f)
	}
	return out
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func orFile(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}

// wanted says what a type is in words.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "a text"
	}
}

// describe says what a node is in words.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		return strconv.Quote(n.Value)
	default:
		return "nothing"
	}
}

// decodeNode reads the mapping of commands to keys.
func (k *Keys) decodeNode(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	d.entries(n, path, func(key, value *yaml.Node) {
		r := KeyRemap{Command: key.Value, Line: key.Line, Column: key.Column}
		if value.Kind != yaml.ScalarNode || value.Tag != "!!null" {
			d.into(value, reflect.ValueOf(&r.Keys).Elem(), "", join(path, key.Value), 1)
		}
		*k = append(*k, r)
	})
}

// MarshalYAML writes the mapping.
func (k Keys) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, r := range k {
		list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, key := range r.Keys {
			list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key})
		}
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: r.Command}, list)
	}
	return n, nil
}
