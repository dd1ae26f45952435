package core

import "devops-tui/internal/text"

// Form is what a verb asks before it can be planned: the parameters for one
// object, with what can be chosen.
type Form struct {
	Note   text.Safe // a line above the fields; may be empty
	Fields []Field   // none: the verb can be planned at once
}

// FieldType says how a field is edited and checked.
type FieldType uint8

// The field types.
const (
	FieldText   FieldType = iota
	FieldNumber           // a whole number within Min and Max
	FieldBool             // "true" or "false"
	FieldChoice           // one of Choices; with Open also what is typed
	FieldFile             // the path of a local file or folder
)

// Field is one parameter.
type Field struct {
	Name     string // of the parameter: "replicas"
	Title    text.Safe
	Help     text.Safe // a line; may be empty
	Type     FieldType
	Value    string // the default, raw
	Min, Max int    // of FieldNumber; both 0: any
	Required bool
	Columns  []text.Safe // headings of Choice.Cells
	Choices  []Choice
	Open     bool // other values than the choices can be typed
}

// Choice is one value that can be chosen.
type Choice struct {
	Value    string      // raw
	Cells    []text.Safe // drawn in columns: revision, image, change cause, age
	Current  bool        // what holds now
	Disabled text.Safe   // why it cannot be chosen; empty: it can
}
