package kube

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// tableCodec reads the server's own table of a kind, with the columns that
// `kubectl get` prints:
// https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
type tableCodec struct {
	k     *kind
	r     *session // nil: columns are not reported
	scope string

	x       *reducer
	columns []core.Column
	from    []int // cell i is the table's cell from[i]; -1 name, -2 age
	status  int   // the table's cell that says the status; -1 none
}

func newTableCodec(k *kind, r *session) *tableCodec {
	c := &tableCodec{k: k, r: r, status: -1}
	if r != nil {
		c.scope = r.src.scope
	}
	return c
}

const (
	cellName = -1
	cellAge  = -2
)

type tableMeta struct {
	Name, Namespace, UID, ResourceVersion string
	CreationTimestamp, DeletionTimestamp  *metav1.Time
	Labels                                map[string]string
	OwnerReferences                       []metav1.OwnerReference
}

type table struct {
	Kind     string `json:"kind"`
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
		Continue        string `json:"continue"`
	} `json:"metadata"`
	Columns []metav1.TableColumnDefinition `json:"columnDefinitions"`
	Rows    []struct {
		Cells  []any `json:"cells"`
		Object struct {
			Metadata tableMeta `json:"metadata"`
		} `json:"object"`
	} `json:"rows"`
	// A server that cannot make tables answers with the list, or the object.
	Items []struct {
		Metadata tableMeta `json:"metadata"`
	} `json:"items"`
}

func (c *tableCodec) accept() (list, watch string) {
	return acceptTable + "," + acceptJSON, acceptTable + "," + acceptJSON
}

func (c *tableCodec) page(body []byte, add func(row)) (listPage, error) {
	var t table
	if err := json.Unmarshal(body, &t); err != nil {
		return listPage{}, fmt.Errorf("decode the table: %w", err)
	}
	if t.Kind != "Table" {
		c.head(nil)
		for i := range t.Items {
			add(c.row(&t.Items[i].Metadata, nil))
		}
	} else {
		c.head(t.Columns)
		for i := range t.Rows {
			add(c.row(&t.Rows[i].Object.Metadata, t.Rows[i].Cells))
		}
	}
	return listPage{rev: t.Metadata.ResourceVersion, proceed: t.Metadata.Continue}, nil
}

// head takes the table's columns; without any the name and the age remain.
func (c *tableCodec) head(defs []metav1.TableColumnDefinition) {
	if c.columns != nil && len(defs) == 0 {
		return // events repeat the columns only when they change
	}
	c.columns, c.from, c.status = nil, nil, -1
	ids := map[string]bool{"name": true, "age": true}
	hasName := false
	aged := -1
	for i, d := range defs {
		switch strings.ToLower(d.Name) {
		case "name":
			if !hasName {
				c.columns, c.from, hasName = append(c.columns, nameCol), append(c.from, cellName), true
			}
			continue
		case "age":
			aged = len(c.columns)
			continue
		}
		id := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(d.Name)), " ", "-")
		for id == "" || ids[id] {
			id += strconv.Itoa(i)
		}
		ids[id] = true
		column := core.Column{ID: id, Title: text.Clean(strings.ToUpper(d.Name)), Type: core.Text, Wide: d.Priority > 0}
		switch {
		case d.Type == "integer" || d.Type == "number":
			column.Type = core.Number
		case c.status < 0 && d.Priority == 0 && statusColumn(id):
			column.Type, c.status = core.Status, i
		}
		c.columns, c.from = append(c.columns, column), append(c.from, i)
	}
	if !hasName {
		c.columns, c.from = slices.Insert(c.columns, 0, nameCol), slices.Insert(c.from, 0, cellName)
	}
	if aged >= 0 || len(defs) == 0 {
		c.columns, c.from = append(c.columns, ageCol), append(c.from, cellAge)
	}
	if c.r == nil {
		return
	}
	if k, changed := c.r.src.kinds.setColumns(c.k.Name, c.columns); changed {
		c.r.sink.Kinds([]core.Kind{k})
	}
}

func statusColumn(id string) bool {
	switch id {
	case "status", "ready", "phase", "state", "health", "health-status", "healthy", "available", "established":
		return true
	}
	return false
}

func (c *tableCodec) row(m *tableMeta, cells []any) row {
	if c.x == nil {
		c.x = newReducer(c.scope, nil)
	}
	meta := metav1.ObjectMeta{Name: m.Name, Namespace: m.Namespace, ResourceVersion: m.ResourceVersion, Labels: m.Labels, OwnerReferences: m.OwnerReferences, DeletionTimestamp: m.DeletionTimestamp}
	if m.CreationTimestamp != nil {
		meta.CreationTimestamp = *m.CreationTimestamp
	}
	r := c.x.start(c.k.Name, &meta)
	r.Ref.UID = m.UID
	if r.Ref.UID == "" { // some extension servers have none
		r.Ref.UID = m.Namespace + "/" + m.Name
	}
	if c.status >= 0 && c.status < len(cells) && r.Reason.Empty() {
		word := cellText(cells[c.status])
		r.Reason, r.Phase = c.x.clean(word), wordPhase(word, c.columns[slices.Index(c.from, c.status)].ID)
	}
	r.Cells = make([]core.Cell, len(c.columns))
	for i, from := range c.from {
		switch {
		case from == cellName:
			r.Cells[i] = nameCell(r)
		case from == cellAge:
			r.Cells[i] = ageCell(meta.CreationTimestamp)
		case from < len(cells):
			s := cellText(cells[from])
			r.Cells[i] = core.Cell{Text: c.x.clean(s)}
			if c.columns[i].Type == core.Number {
				r.Cells[i].Num, _ = strconv.ParseFloat(s, 64)
			}
			if from == c.status {
				r.Cells[i].Text = r.Reason
			}
		}
	}
	return row{Resource: tidy(r)}
}

func cellText(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return scalar(v)
}

// wordPhase reads the words that authors of CRDs use in such columns.
func wordPhase(word, column string) core.Phase {
	switch w := strings.ToLower(word); w {
	case "true", "ready", "active", "bound", "healthy", "running", "available", "synced", "established", "ok", "up", "valid", "issued", "deployed", "reconciled":
		return core.Running
	case "complete", "completed", "succeeded", "success":
		return core.Succeeded
	case "pending", "progressing", "creating", "provisioning", "updating", "deleting", "terminating", "waiting", "paused", "suspended", "":
		return core.Pending
	case "failed", "error", "invalid", "lost":
		return core.Failed
	case "false", "degraded", "unhealthy", "notready", "outofsync", "down":
		return core.Degraded
	case "unknown", "<unknown>", "missing":
		return core.Unknown
	}
	if n, of, ok := strings.Cut(word, "/"); ok { // ready 2/3
		a, err1 := strconv.Atoi(n)
		b, err2 := strconv.Atoi(of)
		if err1 == nil && err2 == nil && a < b {
			return core.Degraded
		}
	}
	return core.Running
}

func (c *tableCodec) events(r *bufio.Reader, take func(string, row, error) error) error {
	d := json.NewDecoder(r)
	for {
		var e jsonEvent
		if err := d.Decode(&e); err != nil {
			var syntax *json.SyntaxError
			switch {
			case err == io.EOF || !errors.As(err, &syntax):
				return err
			default:
				return fmt.Errorf("%w: %w", errWire, err)
			}
		}
		if e.Type == evError {
			var s metav1.Status
			if err := json.Unmarshal(e.Object, &s); err != nil {
				return fmt.Errorf("%w: %w", errWire, err)
			}
			return take(e.Type, row{}, eventError(&s))
		}
		var o struct {
			table
			Metadata tableMeta `json:"metadata"`
		}
		if err := json.Unmarshal(e.Object, &o); err != nil {
			return fmt.Errorf("%w: %w", errWire, err)
		}
		var out row
		switch {
		case e.Type == evBookmark:
			rev := o.Metadata.ResourceVersion
			if len(o.Rows) > 0 && o.Rows[0].Object.Metadata.ResourceVersion != "" {
				rev = o.Rows[0].Object.Metadata.ResourceVersion
			}
			if rev == "" {
				continue
			}
			out.Resource = &core.Resource{Rev: rev}
		case o.Kind != "Table":
			out = c.row(&o.Metadata, nil)
		case len(o.Rows) == 0:
			continue
		default:
			c.head(o.Columns)
			out = c.row(&o.Rows[0].Object.Metadata, o.Rows[0].Cells)
		}
		if err := take(e.Type, out, nil); err != nil {
			return err
		}
	}
}
