package actions

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Param is one parameter of a verb, given as --set name=value.
type Param struct {
	Name     string // "replicas"
	Title    text.Safe
	Required bool
	Private  bool // large or secret: its value is not journaled, no form asks for it

	Type     core.FieldType // how its value is checked before anything is asked
	Min, Max int            // of FieldNumber; both 0: any
	Values   []string       // of FieldChoice: the only ones; empty: the source decides
	Default  string         // what counts when it is not given; for forms
	// Fold makes a value one of Values before it is checked: "sigterm". The verb
	// does the same when it reads it. nil: as it is given.
	Fold func(string) string

	// Family makes Name a beginning: "input." takes input.NAME for any NAME.
	Family bool
	// Further takes every other name that the object's own form has; the verb
	// checks it there (Options). Name is what a human reads for it.
	Further bool
}

// Params are the values given; raw text. An empty value is the default.
type Params map[string]string

// Int is a whole number that the parameter's check let through, or def.
func (p Params) Int(name string, def int) int {
	if n, err := strconv.Atoi(p[name]); err == nil {
		return n
	}
	return def
}

// Bool reports whether a switch is on.
func (p Params) Bool(name string) bool { return p[name] == "true" }

// List is the words of a comma list.
func (p Params) List(name string) []string {
	var out []string
	for w := range strings.SplitSeq(p[name], ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// Family is what was given of a family, without its beginning: "input."; nil
// if nothing was.
func (p Params) Family(prefix string) map[string]string {
	var out map[string]string
	for name, value := range p {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			if out == nil {
				out = map[string]string{}
			}
			out[rest] = value
		}
	}
	return out
}

// Further is what was given besides the parameters that v names itself: the
// options of the object's own form.
func (p Params) Further(v Verb) map[string]string {
	var out map[string]string
	for name, value := range p {
		if x := v.param(name); x != nil && x.Further {
			if out == nil {
				out = map[string]string{}
			}
			out[name] = value
		}
	}
	return out
}

// param is the one that takes name; nil: none does.
func (v Verb) param(name string) *Param {
	var further *Param
	for i := range v.Params {
		switch p := &v.Params[i]; {
		case p.Further:
			further = p
		case p.Family && strings.HasPrefix(name, p.Name) && len(name) > len(p.Name), !p.Family && p.Name == name:
			return p
		}
	}
	return further
}

// label is the parameter's name as a human gives it.
func (p Param) label() string {
	if p.Family {
		return p.Name + "NAME"
	}
	return p.Name
}

// grace is a parameter of several verbs.
const grace = "grace"

// Grace is the parameter grace: seconds.
func Grace(title text.Safe) Param {
	return Param{Name: grace, Title: title, Type: core.FieldNumber, Min: -1, Max: 24 * 60 * 60}
}

// Grace is the seconds of the parameter grace; -1, the object's own, if it is not given.
func (p Params) Grace() int { return p.Int(grace, -1) }

// Switch is a parameter that is "true" or "false", which is the default.
func Switch(name string, title text.Safe) Param {
	return Param{Name: name, Title: title, Type: core.FieldBool, Default: "false"}
}

// Saved is the private parameter of the verb restore: the definition.
const Saved = "saved"

// Invalid is the problem of a parameter that cannot be taken.
func Invalid(hint, summary text.Safe) *core.Problem {
	return &core.Problem{Kind: core.Invalid, Summary: summary, Hint: hint}
}

// checkParams checks names and values before anything is asked of a system.
func checkParams(v Verb, params Params) *core.Problem {
	var known []string
	for _, p := range v.Params {
		if !p.Private && !p.Further {
			known = append(known, p.label())
		}
		if p.Required && params[p.Name] == "" {
			return Invalid(text.Sprintf("--set %s=…", p.Name), text.Sprintf("%s needs %s", v.ID, p.Name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		p := v.param(name)
		if p == nil {
			return unknownParam(v, name, known)
		}
		if no := p.check(v, name, params[name]); no != nil {
			return no
		}
	}
	return nil
}

func unknownParam(v Verb, name string, known []string) *core.Problem {
	hint := text.Sprintf("%s takes no parameters", v.ID)
	if near := core.Nearest(name, known, 1); len(near) > 0 {
		hint = text.Sprintf("did you mean %s?", near[0])
	} else if len(known) > 0 {
		hint = text.Sprintf("%s takes %s", v.ID, strings.Join(known, ", "))
	}
	return Invalid(hint, text.Sprintf("%s has no parameter %q", v.ID, name))
}

// check refuses a value that no object can take.
func (p *Param) check(v Verb, name, value string) *core.Problem {
	if value == "" {
		return nil
	}
	if p.Fold != nil {
		value = p.Fold(value)
	}
	switch p.Type {
	case core.FieldNumber:
		return checkNumber(v, name, value, p.Min, p.Max)
	case core.FieldBool:
		if value != "true" && value != "false" {
			return checkChoice(v, name, value, []string{"true", "false"})
		}
	case core.FieldChoice:
		if len(p.Values) > 0 && !slices.Contains(p.Values, value) {
			return checkChoice(v, name, value, p.Values)
		}
	}
	return nil
}

func checkNumber(v Verb, name, value string, low, high int) *core.Problem {
	n, err := strconv.Atoi(value)
	bounds := fmt.Sprintf("a whole number from %d to %d", low, high)
	if low == 0 && high == 0 {
		bounds = "a whole number"
	}
	switch {
	case err != nil:
		return Invalid(text.Sprintf("%s is %s", name, bounds), text.Sprintf("%s cannot take %s=%q", v.ID, name, value))
	case (low != 0 || high != 0) && (n < low || n > high):
		return Invalid(text.Sprintf("the nearest is %d", min(max(n, low), high)), text.Sprintf("%s cannot take %s=%d: it is %s", v.ID, name, n, bounds))
	}
	return nil
}

func checkChoice(v Verb, name, value string, values []string) *core.Problem {
	hint := text.Sprintf("there are %s", strings.Join(values, ", "))
	if near := core.Nearest(value, values, 1); len(near) > 0 {
		hint = text.Sprintf("did you mean %s?", near[0])
	}
	return Invalid(hint, text.Sprintf("%s cannot take %s=%q", v.ID, name, value))
}

// ownForm is the form of a verb on a system that has none of its own.
func (v Verb) ownForm() core.Form {
	var f core.Form
	for _, p := range v.Params {
		if p.Private || p.Family || p.Further {
			continue
		}
		field := core.Field{Name: p.Name, Title: p.Title, Type: p.Type, Min: p.Min, Max: p.Max, Required: p.Required, Value: p.Default}
		for _, c := range p.Values {
			field.Choices = append(field.Choices, core.Choice{Value: c, Cells: []text.Safe{text.Clean(c)}})
		}
		f.Fields = append(f.Fields, field)
	}
	return f
}
