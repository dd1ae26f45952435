// Command floor is the least that a terminal program can do with a list of pods
// or a log: what the cockpit is measured against by test/bench/blackbox. It is
// written apart from the cockpit and shares nothing with it but the libraries.
//
//	FLOOR_TOKEN=… floor pods URL CA-FILE
//	floor log unix:///SOCKET CONTAINER
package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: floor pods URL CA-FILE | floor log unix:///SOCKET CONTAINER")
		os.Exit(64)
	}
	var m tea.Model
	var feed func(*tea.Program) error
	switch os.Args[1] {
	case "log":
		r := &ring{}
		m = &logModel{ring: r}
		feed = func(p *tea.Program) error { return follow(strings.TrimPrefix(os.Args[2], "unix://"), os.Args[3], r, p) }
	default:
		t := &table{}
		m = &podModel{table: t}
		feed = func(p *tea.Program) error { return watchPods(os.Args[2], os.Args[3], os.Getenv("FLOOR_TOKEN"), t, p) }
	}
	p := tea.NewProgram(m)
	go func() {
		if err := feed(p); err != nil {
			p.Kill()
			fmt.Fprintln(os.Stderr, "floor:", err)
			os.Exit(1)
		}
	}()
	if _, err := p.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

// changed says that there is something new to draw.
type changed struct{}

// pace sends changed at once when something is marked, then not again for gap.
func pace(p *tea.Program, mark <-chan struct{}, gap time.Duration) {
	for range mark {
		p.Send(changed{})
		time.Sleep(gap)
	}
}

func poke(mark chan<- struct{}) {
	select {
	case mark <- struct{}{}:
	default:
	}
}
