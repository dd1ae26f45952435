package query

import (
	"slices"

	"devops-tui/internal/core"
)

// fieldID says where a term looks.
type fieldID uint8

const (
	fieldAny fieldID = iota // the whole row
	fieldName
	fieldNamespace
	fieldScope
	fieldSource
	fieldKind
	fieldPhase
	fieldStatus
	fieldReason
	fieldMessage
	fieldOwner
	fieldUID
	fieldImage
	fieldDigest
	fieldNode
	fieldService
	fieldEnvironment
	fieldCommit
	fieldRepo
	fieldContainer
	fieldLabel
	fieldAge     // seconds since Started
	fieldChanged // seconds since the last change of phase
	fieldUsage   // a measure
	fieldColumn  // a column of the row's kind
)

// Field is one field of the language, for completion and help.
type Field struct {
	Name    string
	Aliases []string
	Numeric bool   // compared with > >= < <=
	Example string // "cpu>500m"
	typ     core.ColumnType
	id      fieldID
	measure core.Measure
}

// common fields exist for every object.
var common = []Field{
	{Name: "name", Example: "name:api", id: fieldName},
	{Name: "ns", Aliases: []string{"namespace"}, Example: "ns:payments", id: fieldNamespace},
	{Name: "scope", Aliases: []string{"context", "cluster", "host"}, Example: "scope:prod", id: fieldScope},
	{Name: "source", Example: "source:kube", id: fieldSource},
	{Name: "kind", Example: "kind:pod", id: fieldKind},
	{Name: "phase", Example: "phase:failed", id: fieldPhase},
	{Name: "status", Example: "status:crash*", id: fieldStatus},
	{Name: "reason", Example: "reason:oom", id: fieldReason},
	{Name: "message", Example: "message:refused", id: fieldMessage},
	{Name: "owner", Example: "owner:api", id: fieldOwner},
	{Name: "uid", Example: "uid:6f1c", id: fieldUID},
	{Name: "image", Example: "image:nginx", id: fieldImage},
	{Name: "digest", Example: "digest:9f3c", id: fieldDigest},
	{Name: "node", Example: "node:worker-1", id: fieldNode},
	{Name: "service", Aliases: []string{"svc"}, Example: "service:api", id: fieldService},
	{Name: "env", Aliases: []string{"environment"}, Example: "env:prod", id: fieldEnvironment},
	{Name: "commit", Example: "commit:9f3c2e1", id: fieldCommit},
	{Name: "repo", Aliases: []string{"repository"}, Example: "repo:acme/shop", id: fieldRepo},
	{Name: "container", Example: "container:app", id: fieldContainer},
	{Name: "label", Aliases: []string{"labels"}, Example: "label:app=api", id: fieldLabel},
	{Name: "age", Numeric: true, Example: "age<2h", id: fieldAge, typ: core.Duration},
	{Name: "changed", Numeric: true, Example: "changed<10m", id: fieldChanged, typ: core.Duration},
}

var measureExamples = [core.NumMeasures]string{
	core.CPUUsed: "cpu>500m", core.MemUsed: "mem>=1Gi", core.NetRx: "rx>1Mi", core.NetTx: "tx>1Mi", core.BlockRead: "read>1Mi", core.BlockWrite: "write>1Mi",
	core.PIDs: "pids>100", core.CPULimit: "cpu-limit=0", core.MemLimit: "mem-limit=0", core.CPURequest: "cpu-request>1", core.MemRequest: "mem-request>1Gi",
	core.RequestRate: "requests>100", core.ErrorRate: "errors>0", core.LatencyP95: "p95>200ms",
}

var measureTypes = [core.NumMeasures]core.ColumnType{
	core.CPUUsed: core.CPU, core.MemUsed: core.Bytes, core.NetRx: core.Bytes, core.NetTx: core.Bytes, core.BlockRead: core.Bytes, core.BlockWrite: core.Bytes,
	core.PIDs: core.Number, core.CPULimit: core.CPU, core.MemLimit: core.Bytes, core.CPURequest: core.CPU, core.MemRequest: core.Bytes,
	core.RequestRate: core.Number, core.ErrorRate: core.Number, core.LatencyP95: core.Duration,
}

// Fields returns what can stand before an operator: the columns first, then
// the measures, then what every object has.
func Fields(columns []core.Column) []Field {
	var out []Field
	has := func(name string) bool {
		return slices.ContainsFunc(out, func(f Field) bool { return f.Name == name || slices.Contains(f.Aliases, name) })
	}
	for _, c := range columns {
		if c.ID == "" || has(c.ID) || isCommon(c.ID) {
			continue
		}
		out = append(out, columnField(c))
	}
	for m := core.MeasureNone + 1; m < core.NumMeasures; m++ {
		if !has(m.String()) {
			out = append(out, Field{Name: m.String(), Numeric: true, Example: measureExamples[m], typ: measureTypes[m], id: fieldUsage, measure: m})
		}
	}
	return append(out, common...)
}

func isCommon(name string) bool {
	return slices.ContainsFunc(common, func(f Field) bool { return f.Name == name || slices.Contains(f.Aliases, name) })
}

// columnField is the field of a declared column. A column that is filled from
// usage is its measure.
func columnField(c core.Column) Field {
	if c.Usage != core.MeasureNone && c.Usage < core.NumMeasures {
		return Field{Name: c.ID, Numeric: true, Example: c.ID + measureExamples[c.Usage][len(c.Usage.String()):], typ: measureTypes[c.Usage], id: fieldUsage, measure: c.Usage}
	}
	f := Field{Name: c.ID, typ: c.Type, id: fieldColumn}
	switch c.Type {
	case core.Number:
		f.Numeric, f.Example = true, c.ID+">3"
	case core.Bytes:
		f.Numeric, f.Example = true, c.ID+">1Gi"
	case core.CPU:
		f.Numeric, f.Example = true, c.ID+">500m"
	case core.Percent:
		f.Numeric, f.Example = true, c.ID+">80%"
	case core.Age, core.Duration:
		f.Numeric, f.Example = true, c.ID+"<2h"
	default:
		f.Example = c.ID + ":text"
	}
	return f
}

// findField finds a field by name or alias.
func findField(fields []Field, name string) (Field, bool) {
	for _, f := range fields {
		if f.Name == name || slices.Contains(f.Aliases, name) {
			return f, true
		}
	}
	return Field{}, false
}

func fieldNames(fields []Field) []string {
	var out []string
	for _, f := range fields {
		out = append(append(out, f.Name), f.Aliases...)
	}
	return out
}
