package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// ringSize is how many lines are kept.
const ringSize = 100_000

// ring keeps the newest lines of a log.
type ring struct {
	sync.Mutex
	lines []string
	next  int
	total int
}

func (r *ring) add(line string) {
	r.Lock()
	defer r.Unlock()
	r.total++
	if len(r.lines) < ringSize {
		r.lines = append(r.lines, line)
		return
	}
	r.lines[r.next] = line
	r.next = (r.next + 1) % ringSize
}

// newest returns up to n lines, oldest first, and how many ever came.
func (r *ring) newest(n int) ([]string, int) {
	r.Lock()
	defer r.Unlock()
	n = min(n, len(r.lines))
	out := make([]string, n)
	for i := range out {
		out[i] = r.lines[(r.next+len(r.lines)-n+i)%len(r.lines)]
	}
	return out, r.total
}

// follow reads the multiplexed log of a container from the Docker engine.
func follow(socket, container string, r *ring, p *tea.Program) error {
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	res, err := client.Get("http://docker/containers/" + container + "/logs?follow=1&stdout=1&stderr=1&tail=200&timestamps=1")
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("logs: %s", res.Status)
	}
	mark := make(chan struct{}, 1)
	go pace(p, mark, 50*time.Millisecond)
	in := bufio.NewReaderSize(res.Body, 256<<10)
	var head [8]byte
	var body []byte
	for {
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(head[4:]))
		if cap(body) < n {
			body = make([]byte, n)
		}
		if _, err := io.ReadFull(in, body[:n]); err != nil {
			return err
		}
		line := strings.TrimRight(string(body[:n]), "\n")
		if _, rest, ok := strings.Cut(line, " "); ok {
			line = rest
		}
		r.add(line)
		poke(mark)
	}
}

// logModel shows the end of the ring.
type logModel struct {
	ring          *ring
	width, height int
}

func (m *logModel) Init() tea.Cmd { return nil }

func (m *logModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		if msg.String() == "q" || msg.String() == "ctrl+c" {
			return m, tea.Quit
		}
	}
	return m, nil
}

func (m *logModel) View() tea.View {
	v := tea.NewView("")
	v.AltScreen = true
	if m.height < 3 {
		return v
	}
	var b strings.Builder
	lines, total := m.ring.newest(m.height - 1)
	fmt.Fprintf(&b, "log: %d lines", total)
	for _, line := range lines {
		b.WriteByte('\n')
		b.WriteString(line[:min(len(line), m.width)])
	}
	v.Content = b.String()
	return v
}
