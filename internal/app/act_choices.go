package app

import (
	"context"
	"fmt"
	"slices"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// choicesJSON is `act VERB REF --choices -o json`.
type choicesJSON struct {
	Schema string      `json:"schema"`
	Verb   string      `json:"verb"`
	Refs   []core.Ref  `json:"refs"`
	Note   text.Safe   `json:"note,omitzero"`
	Fields []fieldJSON `json:"fields"`
}

type fieldJSON struct {
	Name     string       `json:"name"`
	Title    text.Safe    `json:"title,omitzero"`
	Help     text.Safe    `json:"help,omitzero"`
	Type     string       `json:"type"`
	Default  string       `json:"default,omitempty"`
	Min      *int         `json:"min,omitempty"`
	Max      *int         `json:"max,omitempty"`
	Required bool         `json:"required,omitempty"`
	Open     bool         `json:"open,omitempty"` // other values than the choices can be given
	Columns  []text.Safe  `json:"columns,omitempty"`
	Choices  []choiceJSON `json:"choices,omitempty"`
}

type choiceJSON struct {
	Value    string      `json:"value"`
	Cells    []text.Safe `json:"cells,omitempty"`
	Current  bool        `json:"current,omitempty"`
	Disabled text.Safe   `json:"disabled,omitzero"` // why it cannot be chosen
}

var fieldTypes = map[core.FieldType]string{
	core.FieldText: "text", core.FieldNumber: "number", core.FieldBool: "bool", core.FieldChoice: "choice", core.FieldFile: "file",
}

// showChoices prints the form of a verb for some objects.
func (r *run) showChoices(ctx context.Context, w *world, q actRequest, refs []core.Ref) int {
	form, err := w.engine.Form(ctx, q.verb, refs)
	if err != nil {
		r.complain(err)
		return problemCode(err)
	}
	if q.format == "json" {
		return r.wrote(writeJSON(r.stdout, choicesDocument(q.verb, refs, form), true))
	}
	if !form.Note.Empty() {
		fmt.Fprintln(r.stdout, form.Note.String())
	}
	if len(form.Fields) == 0 {
		fmt.Fprintf(r.stderr, "devops-tui: %s asks nothing here\n", q.verb)
	}
	for i, f := range form.Fields {
		if i > 0 {
			fmt.Fprintln(r.stdout)
		}
		r.printField(f)
	}
	return exitOK
}

func choicesDocument(verb string, refs []core.Ref, form core.Form) choicesJSON {
	out := choicesJSON{Schema: "devops-tui/choices/v1", Verb: verb, Refs: refs, Note: form.Note, Fields: []fieldJSON{}}
	for _, f := range form.Fields {
		j := fieldJSON{
			Name: f.Name, Title: f.Title, Help: f.Help, Type: fieldTypes[f.Type], Default: f.Value, Required: f.Required, Open: f.Open, Columns: f.Columns,
		}
		if f.Type == core.FieldNumber && (f.Min != 0 || f.Max != 0) {
			j.Min, j.Max = &f.Min, &f.Max
		}
		for _, c := range f.Choices {
			j.Choices = append(j.Choices, choiceJSON(c))
		}
		out.Fields = append(out.Fields, j)
	}
	return out
}

// printField prints one field with what can be chosen.
func (r *run) printField(f core.Field) {
	line := text.Sprintf("--set %s=", f.Name)
	switch {
	case f.Value != "":
		line = text.Sprintf("--set %s=%s", f.Name, f.Value)
	case f.Type != core.FieldChoice:
		line = text.Sprintf("--set %s=%s", f.Name, fieldTypes[f.Type])
	}
	for _, s := range []text.Safe{f.Title, f.Help} {
		if !s.Empty() {
			line = text.Sprintf("%s  %s", line, s)
		}
	}
	if f.Type == core.FieldNumber && (f.Min != 0 || f.Max != 0) {
		line = text.Sprintf("%s (%d to %d)", line, f.Min, f.Max)
	}
	if f.Required {
		line = text.Sprintf("%s (required)", line)
	}
	fmt.Fprintln(r.stdout, line.String())
	if len(f.Choices) == 0 {
		return
	}
	// The first cell mostly is the value itself.
	told := !slices.ContainsFunc(f.Choices, func(c core.Choice) bool { return len(c.Cells) == 0 || c.Cells[0].String() != c.Value })
	head := headings(text.Lit(" "))
	if !told {
		head = append(head, headings(text.Lit("VALUE"))...)
	}
	rows := [][]field{append(head, headings(f.Columns...)...)}
	if told && len(f.Columns) == 0 {
		rows = nil
	}
	for _, c := range f.Choices {
		mark := text.Lit(" ")
		if c.Current {
			mark = text.Lit("*")
		}
		row := []field{plainField(mark)}
		if !told {
			row = append(row, plainField(text.Clean(c.Value)))
		}
		for i := range max(len(f.Columns), len(c.Cells)) {
			cell := text.Safe{}
			if i < len(c.Cells) {
				cell = c.Cells[i]
			}
			row = append(row, plainField(cell))
		}
		if !c.Disabled.Empty() {
			row = append(row, plainField(text.Sprintf("(%s)", c.Disabled)))
		}
		rows = append(rows, row)
	}
	painter{}.printTable(r.stdout, rows)
}
