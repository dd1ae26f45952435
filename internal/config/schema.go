package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/core"
)

// schema is a part of a JSON Schema (draft 2020-12).
type schema struct {
	Schema      string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        any                `json:"type,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Default     any                `json:"default,omitempty"`
	Minimum     *int64             `json:"minimum,omitempty"`
	Maximum     *int64             `json:"maximum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	OneOf       []*schema          `json:"oneOf,omitempty"`
	// false, or the schema of the values of a dictionary.
	Additional any `json:"additionalProperties,omitempty"`
}

// Schema is the JSON Schema of the file, for editors. sections are the
// settings of the sources by their id: pointers to structs as Section takes
// them, with their defaults. A source that is not named there may hold
// anything.
func Schema(sections map[string]any) ([]byte, error) {
	s := structSchema(reflect.ValueOf(Default()).Elem())
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "devops-tui configuration"
	sources := s.Properties["sources"]
	sources.Properties = map[string]*schema{}
	for _, id := range sortedKeys(sections) {
		sources.Properties[id] = structSchema(reflect.Indirect(reflect.ValueOf(sections[id])))
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return append(b, '\n'), nil
}

// structSchema is the schema of a struct; v holds the defaults.
func structSchema(v reflect.Value) *schema {
	s := &schema{Type: "object", Properties: map[string]*schema{}, Additional: false}
	for _, f := range settings(v.Type()) {
		p := typeSchema(f.Type, f.Tag, v.FieldByIndex(f.Index))
		p.Description = f.Tag.Get("doc")
		s.Properties[settingName(f)] = p
	}
	return s
}

func policySchema() *schema {
	names := slices.Clone(policyNames[:])
	slices.Sort(names)
	return &schema{Type: "string", Enum: names}
}

// typeSchema is the schema of one setting.
func typeSchema(t reflect.Type, tag reflect.StructTag, def reflect.Value) *schema {
	switch t {
	case reflect.TypeFor[yaml.Node]():
		return &schema{}
	case reflect.TypeFor[time.Duration]():
		s := &schema{Type: "string", Pattern: `^[0-9.]+(ns|us|µs|ms|s|m|h)([0-9.]+(ns|us|µs|ms|s|m|h))*$`}
		if def.IsValid() {
			s.Default = def.Interface().(time.Duration).String()
		}
		return s
	case reflect.TypeFor[Keys]():
		key := &schema{Type: "string"}
		return &schema{Type: "object", Additional: &schema{OneOf: []*schema{key, {Type: "array", Items: key}}}}
	case reflect.TypeFor[Policies]():
		by := &schema{Type: "object", Properties: map[string]*schema{}, Additional: false}
		for _, k := range policyKeys() {
			by.Properties[k] = policySchema()
		}
		return &schema{OneOf: []*schema{policySchema(), by}}
	}
	s := &schema{}
	switch t.Kind() {
	case reflect.Bool:
		s.Type = "boolean"
	case reflect.String:
		s.Type = "string"
		if enum := tag.Get("enum"); enum != "" {
			s.Enum = strings.Split(enum, ",")
		}
	case reflect.Float32, reflect.Float64:
		s.Type = "number"
	case reflect.Slice:
		item := typeSchema(t.Elem(), tag, reflect.Value{})
		if t.Elem().Kind() == reflect.String { // one value may stand without the list
			return &schema{OneOf: []*schema{item, {Type: "array", Items: item}}}
		}
		s.Type, s.Items = "array", item
		return s
	case reflect.Map:
		s.Type, s.Additional = "object", typeSchema(t.Elem(), "", reflect.Value{})
		return s
	case reflect.Pointer:
		return typeSchema(t.Elem(), tag, reflect.Value{})
	case reflect.Struct:
		if !def.IsValid() {
			def = reflect.Zero(t)
			s := structSchema(def)
			for _, p := range s.Properties { // the items of a list have no defaults of their own
				p.Default = nil
			}
			return s
		}
		return structSchema(def)
	default:
		s.Type = "integer"
		for _, b := range []struct {
			tag string
			to  **int64
		}{{"min", &s.Minimum}, {"max", &s.Maximum}} {
			if v := tag.Get(b.tag); v != "" {
				n := bound(t, v)
				*b.to = &n
			}
		}
	}
	if def.IsValid() && !(def.Kind() == reflect.String && def.Len() == 0) {
		s.Default = def.Interface()
	}
	return s
}

// policyKeys are what a policy can be given for.
func policyKeys() []string {
	return append(append([]string{"default"}, dangerNames...), core.Verbs()...)
}

// Reference is the document of all settings, in Markdown, made of the types.
// sections are as for Schema.
func Reference(sections map[string]any) string {
	var b strings.Builder
	b.WriteString(`# Configuration

No file is needed. Without --config it is looked for at ` + "`$XDG_CONFIG_HOME/devops-tui/config.yaml`, else `~/.config/devops-tui/config.yaml`" + `.
` + "`devops-tui config check` says with line and column what is wrong in it, `config show` prints what is in force, `config schema` is a JSON Schema for editors" + `.

The file holds no secrets and is refused if it does: credentials come from the systems' own stores (kubeconfig, Docker contexts), from the
environment, or from a command (` + "`token_command: [pass, show, ci]`" + `). A file that others may write, or a link out of the home folder, is not read.

`)
	referenceTable(&b, reflect.ValueOf(Default()).Elem())
	referenceSub(&b, reflect.ValueOf(Default()).Elem(), "", 2)
	for _, id := range sortedKeys(sections) {
		v := reflect.Indirect(reflect.ValueOf(sections[id]))
		fmt.Fprintf(&b, "\n## sources.%s\n\n", id)
		referenceTable(&b, v)
		referenceSub(&b, v, "sources."+id, 3)
	}
	fmt.Fprintf(&b, "\n## Policies\n\nA policy is `free`, `confirm`, `name` or `deny`, or a mapping to those of: %s.\nThe verb's own policy counts before that of the plan's danger (`harmless`, `interrupts`, `loses`), that before `default`. What loses data or state\nis never free unless the file says so of the verb or of `loses`. `shell` and `port-forward` open something and change nothing: they are free\nwhere a change needs a y, unless they are named; a shell that needs a debug container first is a change.\nAn undo needs what `undo` needs, or what the verb that takes the change back needs, whichever is more.\n\n"+
		"Break-glass (with a reason of at least 10 characters, for 15 minutes) makes `deny` a `name` where `break_glass` does not forbid it, and is recorded in\nthe journal with everything that is done meanwhile. It weakens nothing else: read-only stays read-only, and `max_bulk` holds.\n\n"+
		"```yaml\nenvironments:\n  - name: prod\n    match: {context: [prod-*], namespace: [payments]}\n    policy: {default: name, restart: confirm, delete: deny}\n    color: red\n    max_bulk: 5\n  - name: vault\n    match: {namespace: [vault]}\n    policy: deny\n    break_glass: false\n  - name: archive\n    match: {host: [archive-*]}\n    read_only: true\n```\n", "`"+strings.Join(policyKeys(), "`, `")+"`")
	return b.String()
}

// referenceTable writes one row per setting of a struct.
func referenceTable(b *strings.Builder, v reflect.Value) {
	b.WriteString("| setting | value | default | meaning |\n|---|---|---|---|\n")
	for _, f := range settings(v.Type()) {
		meaning := f.Tag.Get("doc")
		if e := f.Tag.Get("example"); e != "" {
			meaning += " Example: `" + e + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", settingName(f), valueWords(f), defaultWords(v.FieldByIndex(f.Index)), strings.ReplaceAll(meaning, "|", "\\|"))
	}
}

// referenceSub writes a section for each setting that is a struct or a list of
// structs.
func referenceSub(b *strings.Builder, v reflect.Value, path string, level int) {
	for _, f := range settings(v.Type()) {
		t, sub, suffix := f.Type, v.FieldByIndex(f.Index), ""
		if t.Kind() == reflect.Slice && t != reflect.TypeFor[Keys]() {
			t, suffix = t.Elem(), "[]"
			sub = reflect.Zero(t)
		}
		if t.Kind() != reflect.Struct || t == reflect.TypeFor[Policies]() || t == reflect.TypeFor[yaml.Node]() || len(settings(t)) == 0 {
			continue
		}
		name := join(path, settingName(f)) + suffix
		fmt.Fprintf(b, "\n%s %s\n\n%s\n\n", strings.Repeat("#", level), name, f.Tag.Get("doc"))
		referenceTable(b, sub)
		referenceSub(b, sub, name, level)
	}
}

// valueWords says what can be written.
func valueWords(f reflect.StructField) string {
	if enum := f.Tag.Get("enum"); enum != "" {
		return "`" + strings.ReplaceAll(enum, ",", "` `") + "`"
	}
	switch f.Type {
	case reflect.TypeFor[time.Duration]():
		return "time" + boundWords(f.Tag)
	case reflect.TypeFor[Policies]():
		return "policy"
	case reflect.TypeFor[Keys]():
		return "mapping"
	}
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		return "`true` `false`"
	case reflect.String:
		return "text"
	case reflect.Slice:
		return "list"
	case reflect.Map, reflect.Struct:
		return "mapping"
	case reflect.Float32, reflect.Float64:
		return "number"
	}
	return "number" + boundWords(f.Tag)
}

func boundWords(tag reflect.StructTag) string {
	lo, hi := tag.Get("min"), tag.Get("max")
	switch {
	case lo != "" && hi != "":
		return ", " + lo + " to " + hi
	case lo != "":
		return ", at least " + lo
	case hi != "":
		return ", at most " + hi
	}
	return ""
}

func defaultWords(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return "`" + x.String() + "`"
	case bool:
		return "`" + strconv.FormatBool(x) + "`"
	case int:
		return "`" + strconv.Itoa(x) + "`"
	case string:
		if x != "" {
			return "`" + x + "`"
		}
	}
	return ""
}
