package kube

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// customCodec reads custom resources, which have no protobuf, and reduces them
// object by object: what stays is a row of each.
type customCodec struct {
	k *kind
	x *reducer
}

func (c *customCodec) accept() (list, watch string) { return acceptJSON, acceptJSON }

// listHead is the metadata of a list, of a bookmark and of any object.
type listHead struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
		Continue        string `json:"continue"`
	} `json:"metadata"`
}

func (c *customCodec) page(body []byte, add func(row)) (listPage, error) {
	var l struct {
		listHead
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(body, &l); err != nil {
		return listPage{}, fmt.Errorf("decode the list: %w", err)
	}
	for _, item := range l.Items {
		if r, ok := c.reduce(item); ok {
			add(r)
		}
	}
	return listPage{rev: l.Metadata.ResourceVersion, proceed: l.Metadata.Continue}, nil
}

// reduce makes the row of one object. One whose fields are not of the types that
// they should have is told, and takes no others along: a custom resource may be
// of a version that we do not know.
func (c *customCodec) reduce(raw []byte) (row, bool) {
	r, err := c.k.custom(c.x, raw)
	if err == nil {
		return row{Resource: r}, true
	}
	var o struct {
		Meta argo.Meta `json:"metadata"`
	}
	if json.Unmarshal(raw, &o) != nil || o.Meta.Name == "" {
		return row{}, false
	}
	r = &core.Resource{
		Ref: c.x.place(c.k.Name, &o.Meta), Phase: core.Unknown, Reason: text.Lit("Unreadable"), Message: text.Error(err),
		Rev: o.Meta.ResourceVersion, Started: o.Meta.Created.Nano(), Cells: make([]core.Cell, len(c.k.Columns)),
	}
	for i, col := range c.k.Columns {
		switch col.ID {
		case "name":
			r.Cells[i].Text = text.Clean(o.Meta.Name)
		case "status":
			r.Cells[i].Text = r.Reason
		case "title":
			r.Cells[i].Text = r.Message
		}
	}
	return row{Resource: r}, true
}

func (c *customCodec) events(r *bufio.Reader, take func(string, row, error) error) error {
	d := json.NewDecoder(r)
	for {
		var e jsonEvent
		if err := d.Decode(&e); err != nil {
			var syntax *json.SyntaxError
			if err == io.EOF || !errors.As(err, &syntax) {
				return err
			}
			return fmt.Errorf("%w: %w", errWire, err)
		}
		var out row
		switch e.Type {
		case evError:
			var s metav1.Status
			if err := json.Unmarshal(e.Object, &s); err != nil {
				return fmt.Errorf("%w: %w", errWire, err)
			}
			return take(e.Type, out, eventError(&s))
		case evBookmark:
			var o listHead
			if err := json.Unmarshal(e.Object, &o); err != nil {
				return fmt.Errorf("%w: %w", errWire, err)
			}
			if o.Metadata.ResourceVersion == "" {
				continue
			}
			out.Resource = &core.Resource{Rev: o.Metadata.ResourceVersion}
		default:
			var ok bool
			if out, ok = c.reduce(e.Object); !ok {
				return fmt.Errorf("event of an object without a name: %w", errWire)
			}
		}
		if err := take(e.Type, out, nil); err != nil {
			return err
		}
	}
}
