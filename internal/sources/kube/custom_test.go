package kube

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/core"
)

// TestCustomResources: a list and a watch of custom resources, with one that is
// not of the shape that it should have.
func TestCustomResources(t *testing.T) {
	c := &customCodec{ownKinds["argoproj.io/applications"], newReducer("test", time.Now)}
	var rows []*core.Resource
	page, err := c.page([]byte(`{"kind":"ApplicationList","items":[{"metadata":{"name":"a","uid":"1"}},{"metadata":{"name":"b","uid":"2"},"spec":{"project":7},"status":{"history":"none"}},
		{"metadata":{"name":"c","uid":"3"},"status":{"sync":{"status":"Synced"},"health":{"status":"Healthy"}}}],"metadata":{"resourceVersion":"9","continue":"x"}}`), func(r row) { rows = append(rows, r.Resource) })
	if err != nil || page.rev != "9" || page.proceed != "x" || len(rows) != 3 {
		t.Fatalf("%v, %+v, %d rows", err, page, len(rows))
	}
	if b := rows[1]; b.Ref.Name != "b" || b.Ref.UID != "2" || b.Reason.String() != "Unreadable" || b.Phase != core.Unknown || b.Message.Empty() {
		t.Errorf("%+v", b)
	}
	if rows[2].Phase != core.Running {
		t.Errorf("%+v", rows[2])
	}
	for _, bad := range []string{``, `[]`, `{"items":[{"metadata":{"name":"a"}}`, `{"items":{}}`, `{"items":[{]}`, `{"items":[{"spec":{"project":7}}]}`} {
		if _, err := c.page([]byte(bad), func(row) {}); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	if _, err := c.page([]byte(`{"items":null,"metadata":{}}`), func(row) {}); err != nil {
		t.Error(err)
	}
	var seen []string
	err = c.events(bufio.NewReader(strings.NewReader(`{"type":"ADDED","object":{"metadata":{"name":"a"}}}
{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12"}}}
{"type":"DELETED","object":{"metadata":{"name":"a"}}}
`)), func(kind string, r row, err error) error { seen = append(seen, kind+" "+r.Ref.Name+r.Rev); return err })
	if !errors.Is(err, io.EOF) || strings.Join(seen, ",") != "ADDED a,BOOKMARK 12,DELETED a" {
		t.Errorf("%v, %v", err, seen)
	}
	err = c.events(bufio.NewReader(strings.NewReader(`{"type":"ERROR","object":{"code":410,"reason":"Expired"}}`)), func(_ string, _ row, err error) error { return err })
	if !errors.Is(err, errExpired) {
		t.Errorf("%v", err)
	}
}
