package main

import (
	"context"
	"fmt"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"
	"devops-tui/internal/actions"
	actall "devops-tui/internal/actions/all"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/all"
	"devops-tui/internal/store"
	"devops-tui/internal/views"
	"devops-tui/themes"
)

type backend struct {
	*sources.Hub
	st *store.Store
}

func (b backend) Focus(r []core.Ref)  { b.st.SetFocus(r) }
func (b backend) NewLog() *store.Log  { return b.st.NewLog(0, 0) }
func (b backend) Save(string, []string) (string, error) { return "", fmt.Errorf("no") }

func main() {
	st := store.New()
	gate := &sources.Gate{}
	hub := sources.NewHub(func(s sources.Source) sources.Sink {
		st.AddInstance(s.Info().Instance(), s.Info().Kinds)
		return st.Sink(s.Info().Instance())
	}, st.SetHealth)
	only := os.Args[1:]
	for _, r := range all.Registrations {
		want := false
		for _, o := range only {
			want = want || o == r.ID
		}
		if !want {
			continue
		}
		f, err := r.Discover(context.Background(), sources.Options{Getenv: os.Getenv, Home: os.Getenv("HOME"), WorkDir: ".", Gate: gate, Section: func(string, any) error { return nil }})
		if err != nil {
			fmt.Println(err)
		}
		for _, s := range f.Sources {
			hub.Add(s)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	go hub.Run(ctx)
	eng := actions.New(actions.Options{Verbs: actall.Verbs(), Resolver: hub, Gate: gate})
	dark, _ := themes.Builtin().Get("dark")
	m := views.New(views.Options{Store: st, Backend: backend{hub, st}, Engine: eng, Theme: dark, Demo: true})
	p := tea.NewProgram(m)
	go func() {
		for range st.Changed() {
			if st.Publish() {
				p.Send(views.FrameMsg{})
			}
			time.Sleep(120 * time.Millisecond)
		}
	}()
	_, err := p.Run()
	cancel()
	fmt.Println(err)
}
