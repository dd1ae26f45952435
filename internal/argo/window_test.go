package argo

import (
	"strings"
	"testing"
	"time"
)

func at(t *testing.T, s string) time.Time {
	t.Helper()
	x, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestSchedule(t *testing.T) {
	for _, x := range []struct{ expr, after, next string }{
		{"0 22 * * *", "2026-11-22T21:59:00Z", "2026-11-22T22:00:00Z"},
		{"0 22 * * *", "2026-11-22T22:00:00Z", "2026-11-23T22:00:00Z"},
		{"*/15 9-17 * * mon-fri", "2026-11-22T12:00:00Z", "2026-11-23T09:00:00Z"}, // the 22nd is a Sunday
		{"30 4 1,15 * 5", "2026-11-22T12:00:00Z", "2026-11-27T04:30:00Z"},         // the 15th or a Friday
		{"0 0 29 feb *", "2026-11-22T12:00:00Z", ""},
		{"@monthly", "2026-11-22T12:00:00Z", "2026-12-01T00:00:00Z"},
		{"0 0 * * 7", "2026-11-22T12:00:00Z", "2026-11-29T00:00:00Z"},
	} {
		s, err := parseSchedule(x.expr)
		if err != nil {
			t.Errorf("%s: %v", x.expr, err)
			continue
		}
		next := s.next(at(t, x.after))
		if x.next == "" && next.IsZero() {
			continue
		}
		if x.next == "" || !next.Equal(at(t, x.next)) || !s.starts(next) {
			t.Errorf("%s after %s: %v", x.expr, x.after, next)
		}
	}
	for _, bad := range []string{"", "* * * *", "60 * * * *", "* 5-2 * * *", "*/0 * * * *", "x * * * *", "* * 0 * *"} {
		if _, err := parseSchedule(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestSyncWindows(t *testing.T) {
	a := &Application{Meta: Meta{Name: "shop-web"}, Spec: ApplicationSpec{Destination: Destination{Server: InCluster, Namespace: "shop"}}}
	for _, x := range []struct {
		name, windows, at string
		auto, manual      bool
		why               string
	}{
		{"none", `[]`, "2026-11-22T12:00:00Z", true, true, ""},
		{"another application's", `[{"kind":"deny","schedule":"* * * * *","duration":"1h","applications":["billing-*"]}]`, "2026-11-22T12:00:00Z", true, true, ""},
		{"deny now", `[{"kind":"deny","schedule":"0 12 * * *","duration":"2h","applications":["shop-*"],"description":"lunch"}]`, "2026-11-22T13:00:00Z", false, false, "forbids syncs until Sun 22 Nov 14:00 UTC: deny window lunch"},
		{"deny over", `[{"kind":"deny","schedule":"0 12 * * *","duration":"2h","applications":["*"]}]`, "2026-11-22T14:30:00Z", true, true, ""},
		{"deny with a way by hand", `[{"kind":"deny","schedule":"0 12 * * *","duration":"2h","namespaces":["shop"],"manualSync":true}]`, "2026-11-22T13:00:00Z", false, true, "by hand it is allowed"},
		{"allow not open", `[{"kind":"allow","schedule":"0 22 * * *","duration":"1h","applications":["*"]}]`, "2026-11-22T13:00:00Z", false, false, "the next opens at Sun 22 Nov 22:00 UTC"},
		{"allow open", `[{"kind":"allow","schedule":"0 22 * * *","duration":"1h","clusters":["https://kubernetes.default.svc"]}]`, "2026-11-22T22:10:00Z", true, true, ""},
		{"over midnight, elsewhere", `[{"kind":"allow","schedule":"30 23 * * *","duration":"2h","timeZone":"Europe/Berlin","applications":["*"]}]`, "2026-11-23T00:10:00Z", true, true, ""},
		{"and", `[{"kind":"deny","schedule":"* * * * *","duration":"1h","applications":["shop-*"],"namespaces":["other"],"andOperator":true}]`, "2026-11-22T12:00:00Z", true, true, ""},
		{"unreadable", `[{"kind":"deny","schedule":"now","duration":"1h","applications":["*"]}]`, "2026-11-22T12:00:00Z", true, true, "cannot be read"},
	} {
		p, err := DecodeProject([]byte(`{"metadata":{"name":"default"},"spec":{"syncWindows":` + x.windows + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		auto, _ := SyncAllowed(a, p, at(t, x.at), false)
		manual, why := SyncAllowed(a, p, at(t, x.at), true)
		if auto != x.auto || manual != x.manual || !strings.Contains(why.String(), x.why) || x.why == "" && !why.Empty() {
			t.Errorf("%s: auto %v, manual %v, %s", x.name, auto, manual, why)
		}
	}
	if ok, _ := SyncAllowed(a, nil, time.Now(), true); !ok {
		t.Error("without a project nothing is known to forbid it")
	}
}
