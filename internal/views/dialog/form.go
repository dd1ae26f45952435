package dialog

import (
	"strconv"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
)

// form is what a verb asks before it can be planned.
type form struct {
	note   text.Safe
	fields []*field
	at     int // the field with the focus

	rows []formRow // of the last draw, for clicks
	skip int       // rows above the first one in sight
	low  bool      // less room than rows
	out  [2]int    // fields out of sight: above, below
}

// formRow is what a row of the form stands for.
type formRow struct{ field, choice int }

// field is one parameter under edit.
type field struct {
	core.Field
	input  *kit.Input // text, file, number; of a choice: what is typed instead
	choice int        // index of what is chosen; len(Choices): what is typed; -1: nothing
	on     bool
	fresh  bool // a number that was not edited: the first digit replaces it
	top    int  // first choice in sight
	bad    text.Safe
}

// newForm makes a form with its defaults.
func newForm(f core.Form) *form {
	out := &form{note: f.Note}
	for _, x := range f.Fields {
		fd := &field{Field: x, choice: -1}
		switch x.Type {
		case core.FieldBool:
			fd.on = x.Value == "true"
		case core.FieldChoice:
			if x.Open {
				fd.input = &kit.Input{}
			}
			fd.choice = fd.first()
			if fd.choice == len(x.Choices) {
				fd.input.SetValue(x.Value)
			}
		default:
			fd.input = &kit.Input{}
			fd.input.SetValue(x.Value)
			fd.fresh = x.Type == core.FieldNumber
		}
		out.fields = append(out.fields, fd)
	}
	for i, f := range out.fields { // to the first that needs an answer
		if !f.check().Empty() {
			out.at = i
			break
		}
	}
	return out
}

// first is what is chosen before anything was pressed.
func (f *field) first() int {
	for i, c := range f.Choices {
		if c.Value == f.Value && c.Disabled.Empty() {
			return i
		}
	}
	if f.Open && (f.Value != "" || len(f.Choices) == 0) {
		return len(f.Choices)
	}
	other := -1
	for i, c := range f.Choices {
		if !c.Disabled.Empty() {
			continue
		}
		if !c.Current {
			return i
		}
		other = i
	}
	if other < 0 && f.Open {
		return len(f.Choices)
	}
	return other
}

// value is the parameter as it stands, raw.
func (f *field) value() string {
	switch f.Type {
	case core.FieldBool:
		return strconv.FormatBool(f.on)
	case core.FieldChoice:
		switch {
		case f.choice >= 0 && f.choice < len(f.Choices):
			return f.Choices[f.choice].Value
		case f.input != nil && f.choice == len(f.Choices):
			return strings.TrimSpace(f.input.Value())
		}
		return ""
	default:
		return strings.TrimSpace(f.input.Value())
	}
}

// check says what is wrong with the value; empty: nothing.
func (f *field) check() text.Safe {
	v := f.value()
	if v == "" {
		if f.Required {
			return text.Lit("is needed")
		}
		return text.Safe{}
	}
	if f.Type != core.FieldNumber {
		return text.Safe{}
	}
	n, err := strconv.Atoi(v)
	switch {
	case err != nil:
		return text.Lit("a whole number")
	case f.Min == 0 && f.Max == 0:
	case n < f.Min:
		return text.Sprintf("at least %d", f.Min)
	case f.Max > 0 && n > f.Max:
		return text.Sprintf("at most %d", f.Max)
	}
	return text.Safe{}
}

// params are the values of all fields; what is empty, and a switch that is off
// as it was, is left out.
func (f *form) params() actions.Params {
	out := actions.Params{}
	for _, x := range f.fields {
		if x.Type == core.FieldBool && !x.on && x.Value != "true" {
			continue
		}
		if v := x.value(); v != "" {
			out[x.Name] = v
		}
	}
	return out
}

// complete checks all fields; of those that lack something the first one gets
// the focus if go is set.
func (f *form) complete(goThere bool) bool {
	fine := true
	for i, x := range f.fields {
		if bad := x.check(); !bad.Empty() {
			if goThere && fine {
				f.at, x.bad = i, bad
			}
			fine = false
		}
	}
	return fine
}

// lacks says what the first field that is not right lacks; empty: all are right.
func (f *form) lacks() text.Safe {
	for _, x := range f.fields {
		switch bad := x.check(); {
		case bad.Empty():
		case x.value() == "":
			return text.Sprintf("%s is still needed", x.title().Truncate(maxTitleCells))
		default:
			return text.Sprintf("%s is not right yet", x.title().Truncate(maxTitleCells))
		}
	}
	return text.Safe{}
}

// settled reports that there is nothing to choose: every field has its one
// value, or can be left as it is.
func (f *form) settled() bool {
	for _, x := range f.fields {
		if !x.check().Empty() {
			return false
		}
		if x.Type == core.FieldChoice {
			possible := 0
			for _, c := range x.Choices {
				if c.Disabled.Empty() {
					possible++
				}
			}
			if possible > 1 {
				return false
			}
		}
	}
	return true
}

func (f *form) focused() *field { return f.fields[f.at] }

func (f *form) step(by int) {
	n := len(f.fields)
	f.at = ((f.at+by)%n + n) % n
}

// key edits the form; changed: another value stands in it.
func (f *form) key(k tea.KeyPressMsg) (changed bool) {
	x := f.focused()
	before := x.value()
	switch {
	case key.Matches(k, keyFieldNext):
		f.step(1)
		return false
	case key.Matches(k, keyFieldPrev):
		f.step(-1)
		return false
	case key.Matches(k, keyUp):
		if !x.move(-1) && f.at > 0 {
			f.step(-1)
		}
	case key.Matches(k, keyDown):
		if !x.move(1) && f.at < len(f.fields)-1 {
			f.step(1)
		}
	default:
		x.key(k)
	}
	if x.value() == before {
		return false
	}
	x.bad = x.check()
	return true
}

// move goes through the choices; false: at the end of them, or there are none.
func (f *field) move(by int) bool {
	if f.Type != core.FieldChoice {
		return false
	}
	last := len(f.Choices) - 1
	if f.Open {
		last++
	}
	for i := f.choice + by; i >= 0 && i <= last; i += by {
		if i == len(f.Choices) || f.Choices[i].Disabled.Empty() {
			f.choice = i
			return true
		}
	}
	return false
}

// key edits the field by a key that does not leave it.
func (f *field) key(k tea.KeyPressMsg) {
	switch f.Type {
	case core.FieldBool:
		if key.Matches(k, keySwitch) {
			f.on = !f.on
		}
	case core.FieldNumber:
		f.numberKey(k)
	case core.FieldChoice:
		switch {
		case f.input != nil && (f.choice == len(f.Choices) || k.Text != "" && k.Text != " "):
			if f.input.Key(k) {
				f.choice = len(f.Choices)
			}
		case key.Matches(k, keyVimUp, keyLeft):
			f.move(-1)
		case key.Matches(k, keyVimDown, keyRight):
			f.move(1)
		case key.Matches(k, keyTop):
			for f.move(-1) {
			}
		case key.Matches(k, keyBottom):
			for f.move(1) {
			}
		}
	default:
		f.input.Key(k)
	}
}

// numberKey takes digits, and + and - as steps.
func (f *field) numberKey(k tea.KeyPressMsg) {
	by := 0
	switch k.String() {
	case "+", "=":
		by = 1
	case "-":
		by = -1
	}
	if by != 0 {
		n, err := strconv.Atoi(f.value())
		if err == nil {
			n += by
			if n >= f.Min && (f.Max == 0 || n <= f.Max) {
				f.input.SetValue(strconv.Itoa(n))
				f.fresh = false
			}
		}
		return
	}
	if k.Text != "" && strings.Trim(k.Text, "0123456789") != "" {
		return
	}
	if k.Text != "" && f.fresh {
		f.input.Clear()
	}
	if f.input.Key(k) {
		f.fresh = false
	}
}

// paste puts pasted text into the field with the focus.
func (f *form) paste(s string) (changed bool) {
	x := f.focused()
	if x.input == nil {
		return false
	}
	before := x.value()
	if x.Type == core.FieldNumber {
		if s = strings.TrimSpace(s); s == "" || strings.Trim(s, "0123456789") != "" {
			return false
		}
		x.input.Clear()
		x.fresh = false
	}
	if x.input.Paste(s) && x.Type == core.FieldChoice {
		x.choice = len(x.Choices)
	}
	if x.value() == before {
		return false
	}
	x.bad = x.check()
	return true
}

// click takes a click on row y of the form. It chooses, and never confirms.
func (f *form) click(y int) (changed bool, why text.Safe) {
	y += f.skip
	if y < 0 || y >= len(f.rows) || f.rows[y].field < 0 {
		return false, text.Safe{}
	}
	r := f.rows[y]
	f.at = r.field
	x := f.focused()
	before := x.value()
	switch {
	case x.Type == core.FieldBool:
		x.on = !x.on
	case r.choice >= 0 && r.choice < len(x.Choices) && !x.Choices[r.choice].Disabled.Empty():
		return false, x.Choices[r.choice].Disabled
	case r.choice >= 0:
		x.choice = r.choice
	}
	x.bad = x.check()
	return x.value() != before, text.Safe{}
}
