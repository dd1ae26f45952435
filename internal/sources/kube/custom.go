package kube

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	ResourceVersion string `json:"resourceVersion"`
	Continue        string `json:"continue"`
}

// page reads the list as it goes along: an item is decoded into the fields that
// its row needs, and nothing of it is kept beside.
func (c *customCodec) page(body []byte, add func(row)) (listPage, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	var head listHead
	err := members(d, func(key string) error {
		switch key {
		case "metadata":
			return d.Decode(&head)
		case "items":
			return items(d, func() error {
				r, err := c.reduce(d.Decode)
				if err == nil {
					add(r)
				}
				return err
			})
		}
		var skipped json.RawMessage
		return d.Decode(&skipped)
	})
	if err != nil {
		return listPage{}, fmt.Errorf("decode the list: %w", err)
	}
	return listPage{rev: head.ResourceVersion, proceed: head.Continue}, nil
}

// members calls each for the keys of the object that comes next; each reads the value.
func members(d *json.Decoder, each func(key string) error) error {
	if err := delim(d, '{'); err != nil {
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if err := each(fmt.Sprint(key)); err != nil {
			return err
		}
	}
	return delim(d, '}')
}

// items calls each for the values of the list that comes next, or of null; each
// reads the value.
func items(d *json.Decoder, each func() error) error {
	open, err := d.Token()
	if err != nil || open == nil {
		return err
	}
	if open != json.Delim('[') {
		return fmt.Errorf("%v where a list begins: %w", open, errWire)
	}
	for d.More() {
		if err := each(); err != nil {
			return err
		}
	}
	return delim(d, ']')
}

func delim(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err == nil && t != want {
		err = fmt.Errorf("%v instead of %v: %w", t, want, errWire)
	}
	return err
}

// reduce makes the row of one object that decode reads. One whose fields are not
// of the types that they should have is told, and takes no others along: a custom
// resource may be of a version that we do not know.
func (c *customCodec) reduce(decode func(any) error) (row, error) {
	r, meta, err := c.k.custom(c.x, decode)
	var shape *json.UnmarshalTypeError
	switch {
	case err == nil:
		return row{Resource: r}, nil
	case !errors.As(err, &shape):
		return row{}, err
	case meta.Name == "":
		return row{}, fmt.Errorf("an object without a name: %w", errWire)
	}
	r = &core.Resource{
		Ref: c.x.place(c.k.Name, meta), Phase: core.Unknown, Reason: text.Lit("Unreadable"), Message: text.Error(err),
		Rev: meta.ResourceVersion, Started: meta.Created.Nano(), Cells: make([]core.Cell, len(c.k.Columns)),
	}
	for i, col := range c.k.Columns {
		switch col.ID {
		case "name":
			r.Cells[i].Text = text.Clean(meta.Name)
		case "status":
			r.Cells[i].Text = r.Reason
		case "title":
			r.Cells[i].Text = r.Message
		}
	}
	return row{Resource: r}, nil
}

// decoderOf decodes what is there already.
func decoderOf(b []byte) func(any) error { return func(v any) error { return json.Unmarshal(b, v) } }

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
			var o struct {
				Metadata listHead `json:"metadata"`
			}
			if err := json.Unmarshal(e.Object, &o); err != nil {
				return fmt.Errorf("%w: %w", errWire, err)
			}
			if o.Metadata.ResourceVersion == "" {
				continue
			}
			out.Resource = &core.Resource{Rev: o.Metadata.ResourceVersion}
		default:
			var err error
			if out, err = c.reduce(decoderOf(e.Object)); err != nil {
				return fmt.Errorf("%w: %w", errWire, err)
			}
		}
		if err := take(e.Type, out, nil); err != nil {
			return err
		}
	}
}
