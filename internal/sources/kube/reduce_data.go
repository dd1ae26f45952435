package kube

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Secrets and config maps are read field by field from the wire, so that their
// values are never copied out of the page they came in, which is overwritten.

// entry adds one map entry's key and the size of its value.
func entry(b []byte, keys *[]string, size *int) error {
	return fields(b, func(f field) error {
		switch f.id {
		case 1:
			*keys = append(*keys, string(f.data))
		case 2:
			*size += len(f.data)
		}
		return nil
	})
}

func reduceSecret(x *reducer, raw []byte) (*core.Resource, error) {
	return x.keyed("secret", raw, 2, 0, 3)
}

func reduceConfigMap(x *reducer, raw []byte) (*core.Resource, error) {
	return x.keyed("configmap", raw, 2, 3, 0)
}

// keyed reads an object whose entries are in the fields data and more (0:
// none) and whose type, if it has one, is in field typeID.
func (x *reducer) keyed(name string, raw []byte, data, more, typeID int) (*core.Resource, error) {
	var m metav1.ObjectMeta
	var keys []string
	size, kind := 0, ""
	err := fields(raw, func(f field) error {
		switch {
		case f.id == 1:
			// Without annotations (12): kubectl's last-applied holds the values.
			// Without managedFields (17): nobody looks at them.
			head, err := without(f.data, 12, 17)
			if err != nil {
				return err
			}
			return m.Unmarshal(head)
		case f.id == data || more != 0 && f.id == more:
			return entry(f.data, &keys, &size)
		case typeID != 0 && f.id == typeID:
			kind = string(f.data)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	x.recheck, x.hasNeed = time.Time{}, false
	r := x.start(name, &m)
	slices.Sort(keys)
	n := len(keys)
	if n > 20 {
		keys = append(keys[:20:20], "…")
	}
	if r.Reason.Empty() {
		r.Reason = text.Lit("Active")
	}
	r.Cells = []core.Cell{nameCell(r)}
	if typeID != 0 {
		r.Cells = append(r.Cells, x.word(kind))
	}
	r.Cells = append(r.Cells, x.number(n), core.Cell{Text: text.Clean(byteSize(size)), Num: float64(size)}, core.Cell{Text: text.Clean(strings.Join(keys, ","))}, ageCell(m.CreationTimestamp))
	return tidy(r), nil
}

// byteSize says a size in words of documents; columns are drawn by the view.
func byteSize(n int) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
