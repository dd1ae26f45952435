package store

import (
	"testing"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// TestTwins: an object that two sources show is listed once, by the preferred
// one, for as long as that is there.
func TestTwins(t *testing.T) {
	s := New()
	cluster, server := here, core.Instance{Source: "argocd", Scope: "cd.example"}
	s.AddInstance(cluster, []core.Kind{{Name: "application", Yields: "argocd"}})
	s.AddInstance(server, []core.Kind{{Name: "application"}})
	live := func(i core.Instance, state core.State) {
		s.SetHealth(core.Health{Instance: i, State: state, LastSeen: time.Unix(1, 0)})
	}
	app := func(i core.Instance, name, uid string) core.Change {
		return upsert(core.Ref{Source: i.Source, Scope: i.Scope, Kind: "application", Namespace: "argocd", Name: name, UID: uid}, core.Failed)
	}
	list := func(i core.Instance, changes ...core.Change) {
		sink := s.Sink(i)
		sink.Begin("application", "")
		sink.Apply("application", changes)
		sink.End("application", "")
	}
	table := func() *Table {
		s.Publish()
		return s.Snapshot().Table(Key{cluster, "application"})
	}
	shown := func(want ...string) {
		t.Helper()
		var got []string
		tbl := table()
		for _, r := range tbl.Rows {
			if r.Twin == nil {
				got = append(got, r.Ref.Name)
			} else if r.Twin.Instance() != server || r.Twin.UID != r.Ref.UID {
				t.Errorf("the twin of %v is %v", r.Ref, *r.Twin)
			}
			if tbl.Find(r.Ref) != r {
				t.Errorf("%s is not found", r.Ref.Name)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("shown %v, want %v", got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("shown %v, want %v", got, want)
			}
		}
	}

	live(cluster, core.Live)
	list(cluster, app(cluster, "api", "1"), app(cluster, "shop", "2"), app(cluster, "web", ""))
	shown("api", "shop", "web")

	// another application of the same name, the same one, one without a UID
	list(server, app(server, "api", "9"), app(server, "shop", "2"), app(server, "web", ""))
	shown("api", "web")
	live(server, core.Live)

	before := table()
	live(cluster, core.Live)
	if table() != before {
		t.Error("the table changed though nothing did")
	}
	s.Sink(cluster).Apply("application", []core.Change{app(cluster, "more", "3")})
	shown("api", "more", "web")

	s.Sink(server).State("application", &core.Problem{Kind: core.Forbidden, Summary: text.Lit("no")})
	shown("api", "more", "shop", "web")
	s.Sink(server).State("application", nil)
	shown("api", "more", "web")
	for _, away := range []core.State{core.Stale, core.Down} {
		live(server, away)
		shown("api", "more", "shop", "web")
		live(server, core.Live)
		shown("api", "more", "web")
	}
	s.Sink(server).Apply("application", []core.Change{remove(app(server, "shop", "2").Ref)})
	shown("api", "more", "shop", "web")
}
