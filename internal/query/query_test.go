package query

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

var now = time.Unix(1_800_000_000, 0)

var podKind = &core.Kind{
	Name: "pod", Plural: "pods", Aliases: []string{"po"},
	Columns: []core.Column{
		{ID: "name", Type: core.Name},
		{ID: "ready", Type: core.Text},
		{ID: "status", Type: core.Status},
		{ID: "restarts", Type: core.Number},
		{ID: "cpu", Type: core.CPU, Usage: core.CPUUsed},
		{ID: "mem", Type: core.Bytes, Usage: core.MemUsed},
		{ID: "size", Type: core.Bytes},
		{ID: "used", Type: core.Percent},
		{ID: "node", Type: core.Text},
		{ID: "seen", Type: core.Age},
	},
}

// pod is a row with most of what a filter can ask for.
func pod() *core.Resource {
	return &core.Resource{
		Ref:    core.Ref{Source: "kube", Scope: "prod-eu", Kind: "pod", Namespace: "payments", Name: "api-7d9f-x2x", UID: "6f1c"},
		Owner:  core.Ref{Kind: "replicaset", Name: "api-7d9f"},
		Phase:  core.Failed,
		Reason: text.Clean("CrashLoopBackOff"), Message: text.Clean("back-off 5m0s"),
		Cells: []core.Cell{
			{Text: text.Clean("api-7d9f-x2x")},
			{Text: text.Clean("0/1")},
			{Text: text.Clean("CrashLoopBackOff")},
			{Text: text.Clean("5"), Num: 5},
			{},
			{},
			{Num: 3 << 30},
			{Num: 85},
			{Text: text.Clean("worker-2")},
			{Num: float64(now.Add(-10 * time.Minute).Unix())},
		},
		Started: now.Add(-90 * time.Minute).UnixNano(),
		Changed: now.Add(-3 * time.Minute).UnixNano(),
		Facts: &core.Facts{
			Image: []string{"nginx:1.27", "envoy:v1"}, Service: "api", Environment: "prod", Commit: "9f3c2e1",
			Labels: map[string]string{"app.kubernetes.io/name": "api", "tier": "Front"},
		},
	}
}

func sample(core.Ref) *core.Usage {
	u := &core.Usage{}
	for i := range u.Values {
		u.Values[i] = math.NaN()
	}
	u.Values[core.CPUUsed], u.Values[core.CPULimit] = 430, 500
	u.Values[core.MemUsed], u.Values[core.MemLimit], u.Values[core.MemRequest] = 212<<20, 0, 256<<20
	u.Values[core.LatencyP95] = 0.25
	return u
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		filter string
		want   bool
	}{
		{"", true},
		{"api", true},
		{"API", false},
		{"crashloop", true},
		{"CrashLoop", true},
		{"crashLoop", false},
		{"payments", true},
		{"payments/api", true},
		{"ments/api-7", true},
		{"payments/web", false},
		{"worker-2", true},
		{"0/1", true},
		{"api-*x2x", true},
		{"api-*x3x", false},
		{"!api", false},
		{"!web", true},
		{"!!api", true},
		{"/api-\\w+-x.x/", true},
		{"!/api/", false},
		{"~^api", true},
		{"~^7d9f", false},
		{"/CRASH/", false},
		{"/crash\\S+off/", true},
		{"\"api-7d9f\"", true},
		{"\"back off\"", false},
		{"'0/1'", true},
		{"nginx:1.27", false}, // a word: images are no part of the row
		{"api web", false},
		{"api crash", true},
		{"api | web", true},
		{"web | api", true},
		{"web or api", true},
		{"web|api", true},
		{"web | batch crash", false},
		{"web batch | api crash", true},
		{"or", true}, // a word: worker

		{"ns:payments", true},
		{"ns:pay", true},
		{"ns=pay", false},
		{"ns=payments", true},
		{"ns!=payments", false},
		{"ns:billing|payments", true},
		{"namespace:PAY", false},
		{"ns:p*s", true},
		{"ns:a*s", false},
		{"ns!=billing", true},
		{"!ns:payments", false},
		{"ns~^pay", true},
		{"ns!~^pay", false},
		{"scope:prod", true},
		{"cluster=prod-eu", true},
		{"source=kube", true},
		{"name:x2x", true},
		{"name=api", false},
		{"name:api-?d9f*", true},
		{"kind:pod", true},
		{"kind:pods", true},
		{"kind:po", true},
		{"kind:pododd", false},
		{"kind:service|pod", true},
		{"kind:p*", true},
		{"phase:failed", true},
		{"phase:fa", true},
		{"phase:running", false},
		{"phase=running|failed", true},
		{"phase!=failed", false},
		{"phase:f*", true},
		{"phase~^fail", true},
		{"status:crash*", true},
		{"status:crash", true},
		{"status:failed", true},
		{"status=CrashLoopBackOff", true},
		{"status:running", false},
		{"reason:loop", true},
		{"message:5m0s", true},
		{"owner:api-7d9f", true},
		{"uid:6f1c", true},
		{"image:nginx", true},
		{"image:redis", false},
		{"image=envoy:v1", true},
		{"image:*:v1", true},
		{"node:worker", true}, // facts know no node, the column does
		{"service=api", true},
		{"env:prod", true},
		{"commit:9f3c", true},
		{"repo:acme", false},
		{"container:app", false},
		{"ready:0/1", true},
		{"label:tier=front", true},
		{"label:tier=Front", true},
		{"label:tier=back", false},
		{"label:name=api", true},
		{"label:app.kubernetes.io/name=api", true},
		{"label:tier", true},
		{"label:app", false},
		{"label:tier=f*", true},
		{"label:tier=back|front", true},
		{"!label:tier", false},
		{"label!=tier=front", false},
		{"label~fro", true},
		{"label:ame=api", false},

		{"restarts>3", true},
		{"restarts>5", false},
		{"restarts>=5", true},
		{"restarts<6", true},
		{"restarts<=4", false},
		{"restarts=5", true},
		{"restarts:5", true},
		{"restarts!=5", false},
		{"cpu>400m", true},
		{"cpu>0.4", true},
		{"cpu>1", false},
		{"cpu<500m", true},
		{"cpu>80%", true},
		{"cpu>90%", false},
		{"mem>=212Mi", true},
		{"mem>212Mi", false},
		{"mem<1Gi", true},
		{"mem>200M", true},
		{"mem>82%", true},
		{"mem>83%", false}, // of the request: there is no limit
		{"p95>200ms", true},
		{"p95>1s", false},
		{"rx>0", false},
		{"rx<1", false},
		{"cpu-limit=500m", true},
		{"age<2h", true},
		{"age>2h", false},
		{"age>1h", true},
		{"age>1h29m", true},
		{"age<1h31m", true},
		{"age>5400", false},
		{"changed<5m", true},
		{"changed<1m", false},
		{"size>2Gi", true},
		{"size>4G", false},
		{"used>80%", true},
		{"used>90", false},
		{"seen<1h", true},
		{"seen<5m", false},
		{"restarts>3 mem>1Mi ns:payments !status:running", true},

		{"ns:", true},
		{"!", true},
		{"api |", true},
		{"\"", true},
		{"\"api", true},
		{"~", false}, // as far as it is typed
	} {
		q, err := Parse(c.filter, podKind.Columns)
		if err != nil {
			t.Errorf("%q: %v", c.filter, err)
			continue
		}
		if got := q.Match(pod(), podKind, sample, now); got != c.want {
			t.Errorf("%q matches: %v", c.filter, got)
		}
		if q.String() != c.filter {
			t.Errorf("%q is kept as %q", c.filter, q.String())
		}
	}
}

// TestMatchBare: a row about which nothing is known, without kind and usage,
// matches no number and breaks nothing.
func TestMatchBare(t *testing.T) {
	r := &core.Resource{Ref: core.Ref{Name: "x"}}
	for _, f := range Fields(podKind.Columns) {
		for _, op := range []string{":", "=", "!=", "~", ">", "<"} {
			value := "a"
			if f.Numeric {
				value = "1"
			}
			q, err := Parse(f.Name+op+value, podKind.Columns)
			if err != nil {
				continue
			}
			for _, k := range []*core.Kind{nil, podKind} {
				got := q.Match(r, k, nil, now)
				if f.Numeric && got != (op == "!=") {
					t.Errorf("%s%s%s matches what is not known: %v", f.Name, op, value, got)
				}
			}
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ filter, want string }{
		{"api cpuu>5", "column 5: no field cpuu; did you mean cpu"},
		{"ünï statsu:x", "column 5: no field statsu; did you mean status"},
		{"restart>3", "did you mean restarts"},
		{"app=x", "a label is label:app=value"},
		{"cpu>", "column 5: cpu> wants cores such as 2 or 500m"},
		{"cpu>lots", "column 5: \"lots\" is not cores such as 2 or 500m"},
		{"mem>1Xi", "bytes such as 512Mi"},
		{"age<2x", "a time such as 30s"},
		{"restarts>80%", "restarts has no limit to take percent of"},
		{"restarts~3", "restarts is a number: compare it with"},
		{"ns>3", "ns is text: it has no >; did you mean ns:3"},
		{"phase:brokn", "no phase \"brokn\"; there are unknown, pending"},
		{"/a(/", "column 1: not a regular expression: missing closing )"},
		{"ns~[", "column 4: not a regular expression"},
		{"| api", "nothing stands before the |"},
		{strings.Repeat("a", 5000), "longer than 4096 bytes"},
	} {
		_, err := Parse(c.filter, podKind.Columns)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %v, want %s", c.filter, err, c.want)
		}
	}
}

func TestNeedsUsage(t *testing.T) {
	for f, want := range map[string]bool{"api": false, "cpu>1": true, "restarts>3": false, "a | mem>80%": true, "name:cpu": false, "rx>1": true} {
		if q, err := Parse(f, podKind.Columns); err != nil || q.NeedsUsage() != want {
			t.Errorf("%q: %v, %v", f, q.NeedsUsage(), err)
		}
	}
}

func TestParseText(t *testing.T) {
	const line = "14:02:29 ERR dial tcp 10.0.3.7:5432: level=error refused"
	for f, want := range map[string]bool{
		"level=error": true, "level=warn": false, "refused dial": true, "\"dial tcp\"": true, "!debug": true, "err": true, "10.0.3.7:5432": true, "cpu>5": false,
		"/\\d+: level/": true, "ERR | WARN": true, "WARN": false, "*": false, "!/refused$/": false,
	} {
		q, err := ParseText(f)
		if err != nil || q.MatchText(line) != want {
			t.Errorf("%q: %v, %v", f, q.MatchText(line), err)
		}
	}
	if !(Query{}).MatchText(line) {
		t.Error("an empty search hides lines")
	}
}

func TestHighlights(t *testing.T) {
	for _, c := range []struct {
		filter, s string
		want      [][2]int
	}{
		{"api", "API api-api", [][2]int{{0, 3}, {4, 7}, {8, 11}}},
		{"!api", "api", nil},
		{"a ab", "xab", [][2]int{{1, 3}}},
		{"ab bc", "abc", [][2]int{{0, 3}}},
		{"/x*/", "axxb", [][2]int{{1, 3}}},
		{"größe", "GRÖSSE GRÖßE", [][2]int{{8, 15}}},
		{"a|c", "abc", [][2]int{{0, 1}, {2, 3}}},
		{"ns:api", "api", nil},
		{"", "api", nil},
	} {
		q, err := Parse(c.filter, podKind.Columns)
		if got := q.Highlights(c.s); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q in %q: %v, %v; want %v", c.filter, c.s, got, err, c.want)
		}
	}
}

func TestFields(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Fields(podKind.Columns) {
		for _, n := range append([]string{f.Name}, f.Aliases...) {
			if seen[n] {
				t.Errorf("two fields %s", n)
			}
			seen[n] = true
		}
		if _, err := Parse(f.Example, podKind.Columns); err != nil || !strings.HasPrefix(f.Example, f.Name) {
			t.Errorf("the example %q of %s: %v", f.Example, f.Name, err)
		}
	}
	if !seen["restarts"] || !seen["ns"] || !seen["p95"] {
		t.Error("fields are missing")
	}
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		s    string
		typ  core.ColumnType
		want float64
		ok   bool
	}{
		{"500m", core.CPU, 500, true},
		{"2", core.CPU, 2000, true},
		{"0.5", core.CPU, 500, true},
		{"x", core.CPU, 0, false},
		{"", core.CPU, 0, false},
		{"1Gi", core.Bytes, 1 << 30, true},
		{"1g", core.Bytes, 1e9, true},
		{"1.5MiB", core.Bytes, 1.5 * (1 << 20), true},
		{"10Mi/s", core.Bytes, 10 << 20, true},
		{"1e3", core.Bytes, 0, false},
		{"90", core.Duration, 90, true},
		{"1h30m", core.Duration, 5400, true},
		{"2d", core.Age, 172800, true},
		{"200ms", core.Duration, 0.2, true},
		{"1h-", core.Duration, 0, false},
		{"h", core.Duration, 0, false},
		{"3", core.Number, 3, true},
		{"-3", core.Number, -3, true},
		{"2k", core.Number, 2000, true},
		{"inf", core.Number, 0, false},
		{"nan", core.Number, 0, false},
		{"0x10", core.Number, 0, false},
	} {
		if got, _, ok := number(c.s, c.typ); ok != c.ok || ok && math.Abs(got-c.want) > 1e-9 {
			t.Errorf("number(%q, %d) = %v, %v; want %v, %v", c.s, c.typ, got, ok, c.want, c.ok)
		}
	}
}

// TestMatchDoesNotAllocate: a filter is asked for every row of every frame.
func TestMatchDoesNotAllocate(t *testing.T) {
	r, u := pod(), sample(core.Ref{})
	usage := func(core.Ref) *core.Usage { return u }
	for _, f := range []string{"crash", "!web", "restarts>3 cpu>100m age<2h ns:payments", "status:crash*", "label:tier=front", "kind:pod image:envoy", "größe", "/x2x$/", "mem>80% | phase:failed"} {
		q, err := Parse(f, podKind.Columns)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { q.Match(r, podKind, usage, now) }); n != 0 {
			t.Errorf("%q allocates %v times a row", f, n)
		}
	}
}

// FuzzParse: no filter breaks the parser, the matcher or the highlighter, and
// a place in an error is one in the filter.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"api", "!a | b", "cpu>500m", "/x(/", "\"a b", "ns:a|b", "label:a=b|c", "~[", "phase:f*", "mem>90%", "größe:ß", "a or b or", "age<1h30m", "\xff:\xfe", "name:''", "kind:*?*"} {
		f.Add(s, "payments/api GRÖSSE \xff x")
	}
	f.Fuzz(func(t *testing.T, s, line string) {
		r := pod()
		for _, parse := range []func() (Query, error){func() (Query, error) { return Parse(s, podKind.Columns) }, func() (Query, error) { return ParseText(s) }} {
			q, err := parse()
			var e *Error
			if errors.As(err, &e) {
				if e.Column < 1 || e.Column > utf8.RuneCountInString(s)+1 {
					t.Errorf("%q: column %d", s, e.Column)
				}
				continue
			}
			q.Match(r, podKind, sample, now)
			q.Match(r, nil, nil, now)
			q.MatchText(line)
			last := 0
			for _, h := range q.Highlights(line) {
				if h[0] < last || h[1] <= h[0] || h[1] > len(line) {
					t.Fatalf("%q highlights %v in %q", s, q.Highlights(line), line)
				}
				last = h[1]
			}
			if again, err := Parse(q.String(), podKind.Columns); !q.textOnly && (err != nil || again.NeedsUsage() != q.NeedsUsage()) {
				t.Errorf("%q does not read back: %v", s, err)
			}
		}
	})
}

// rows are n rows of a cluster, most of them well.
func rows(n int) []*core.Resource {
	out := make([]*core.Resource, n)
	for i := range out {
		r := pod()
		r.Ref.Name = fmt.Sprintf("api-%d-%x", i%97, i)
		r.Ref.Namespace = fmt.Sprintf("team-%d", i%23)
		r.Phase = core.Phase(1 + i%3)
		r.Cells[0].Text, r.Cells[3].Num = text.Clean(r.Ref.Name), float64(i%7)
		r.Started, r.Changed = int64(i%1000)*1e9, 0
		out[i] = r
	}
	return out
}

func BenchmarkMatch(b *testing.B) {
	all := rows(10_000)
	u := sample(core.Ref{})
	usage := func(core.Ref) *core.Usage { return u }
	for _, f := range []string{"x2x", "api-96", "!zzzz", "/x2x$/", "restarts>3 age<2h ns:team-2", "cpu>500m", "status:crash*", "label:tier=front", "größe"} {
		b.Run(f, func(b *testing.B) {
			q, err := Parse(f, podKind.Columns)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				for _, r := range all {
					q.Match(r, podKind, usage, now)
				}
			}
		})
	}
}
