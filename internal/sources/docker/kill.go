package docker

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// usualSignals are what the form offers, with what they usually mean.
var usualSignals = []struct {
	name string
	does text.Safe
}{
	{"KILL", text.Lit("ends it at once; it cannot tidy up")},
	{"TERM", text.Lit("asks it to end")},
	{"INT", text.Lit("as Ctrl-C")},
	{"QUIT", text.Lit("ends it, many runtimes dump their stacks first")},
	{"HUP", text.Lit("many servers read their configuration again")},
	{"USR1", text.Lit("as the program defines it")},
	{"USR2", text.Lit("as the program defines it")},
}

// signalNumbers are Linux's, for those that a user may mean by number or name.
var signalNumbers = map[string]int{
	"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12,
	"PIPE": 13, "ALRM": 14, "TERM": 15, "CHLD": 17, "CONT": 18, "STOP": 19, "TSTP": 20, "TTIN": 21, "TTOU": 22, "URG": 23,
	"XCPU": 24, "XFSZ": 25, "VTALRM": 26, "PROF": 27, "WINCH": 28, "IO": 29, "PWR": 30, "SYS": 31,
}

// signalName reads "SIGHUP", "hup" or "1".
func signalName(raw string) (string, error) {
	name := strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(cmp.Or(raw, "KILL"))), "SIG")
	if _, ok := signalNumbers[name]; ok {
		return name, nil
	}
	if n, err := strconv.Atoi(name); err == nil {
		for known, number := range signalNumbers {
			if n == number {
				return known, nil
			}
		}
	}
	return "", &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s is no signal", raw), Hint: text.Lit("KILL, TERM, INT, HUP, USR1, …")}
}

// killForm offers the usual signals.
func killForm() core.Form {
	f := core.Field{
		Name: "signal", Title: text.Lit("signal"), Type: core.FieldChoice, Value: "KILL", Open: true,
		Columns: []text.Safe{text.Lit("SIGNAL"), text.Lit("DOES")},
	}
	for _, x := range usualSignals {
		f.Choices = append(f.Choices, core.Choice{Value: x.name, Cells: []text.Safe{text.Clean(x.name), x.does}})
	}
	return core.Form{Fields: []core.Field{f}}
}

// PlanKill implements sources.Killer for containers and projects.
func (s *Source) PlanKill(ctx context.Context, ref core.Ref, signal string) (*core.Operation, error) {
	name, err := signalName(signal)
	if err != nil {
		return nil, err
	}
	kills := name == "KILL"
	v := &lifeChange{
		verb: core.VerbKill, title: text.Sprintf("Send %s to", name), did: "signalled", after: text.Sprintf("as it answers %s", name),
		command: []string{"kill", "-s", name}, danger: 1, downs: kills, done: text.Sprintf("%s is delivered", name),
		lost: text.Lit("a signal cannot be taken back"),
		fits: func(m *life) text.Safe {
			if !m.alive() {
				return text.Lit("it is not running")
			}
			return text.Safe{}
		},
	}
	if kills {
		v.danger, v.did, v.after, v.done = 2, "killed", text.Lit("ended by SIGKILL"), text.Lit("ended")
		v.inverse, v.canInvert = core.VerbStart, func(m *life) bool { return !m.autoRemove && m.state == container.StateRunning }
		v.undo = text.Lit("U starts it again; what it had not written is lost")
		v.lost = text.Lit("what it had not written is lost")
	}
	v.tell = func(m *life, p *core.Plan) {
		m.ends(p)
		own := strings.TrimPrefix(strings.ToUpper(cmp.Or(m.stopSignal, "TERM")), "SIG")
		switch {
		case kills:
			p.Impact = append(p.Impact, text.Sprintf("%s: ends at once, without tidying up", m.name), m.whenStopped())
		case name == own:
			p.Impact = append(p.Impact, text.Sprintf("%s: this is its stop signal; it may take its time, nothing kills it", m.name), m.whenStopped())
		default:
			p.Impact = append(p.Impact, text.Sprintf("%s: what the signal does is up to its program; should it end, the restart policy %s holds", m.name, m.policyText()))
		}
	}
	v.send = func(ctx context.Context, api *client.Client, m *life) error {
		_, err := api.ContainerKill(ctx, m.id, client.ContainerKillOptions{Signal: "SIG" + name})
		return err
	}
	if kills {
		v.look = func(_ *Source, m *life, c *container.InspectResponse) (core.Outcome, text.Safe) { return v.down(m, c) }
		return s.planLives(ctx, ref, v)
	}
	// What a signal does is not for us to judge: that the engine delivered it
	// is what can be proven, by its own events.
	v.look = func(_ *Source, m *life, c *container.InspectResponse) (core.Outcome, text.Safe) {
		if c == nil && m.autoRemove {
			return core.OutcomeHealthy, text.Safe{}
		}
		return core.OutcomeUnknown, text.Sprintf("%s: looks for the signal in the engine's events", m.name)
	}
	v.unproven = func(ctx context.Context, s *Source, m *life) (core.Outcome, text.Safe, error) {
		if m.sent.IsZero() {
			return core.OutcomeRefused, text.Sprintf("%s was not sent to %s", name, m.name), nil
		}
		found, err := s.signalled(ctx, m, signalNumbers[name])
		switch {
		case err != nil:
			return core.OutcomeUnknown, text.Safe{}, err
		case found:
			return core.OutcomeHealthy, text.Safe{}, nil
		}
		outcome, says := m.awaited(v, text.Sprintf("%s: the engine has not told of the signal yet", m.name))
		return outcome, says, nil
	}
	return s.planLives(ctx, ref, v)
}

// signalled looks into the engine's events for a signal to m since it was sent.
func (s *Source) signalled(ctx context.Context, m *life, number int) (bool, error) {
	api, err := s.client(ctx)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// In the engine's clock; a second earlier, for less than that is no skew.
	to := s.now()
	from := to.Add(-time.Since(m.sent) - time.Second)
	stream := api.Events(ctx, client.EventsListOptions{
		Since: fmt.Sprintf("%d.%09d", from.Unix(), from.Nanosecond()), Until: fmt.Sprintf("%d.%09d", to.Unix(), to.Nanosecond()),
		Filters: client.Filters{}.Add("type", "container").Add("container", m.id).Add("event", "kill"),
	})
	found := false
	for {
		select {
		case e := <-stream.Messages:
			found = found || e.Action == events.ActionKill && e.Actor.Attributes["signal"] == strconv.Itoa(number)
		case err := <-stream.Err:
			if err != nil && err != io.EOF {
				return found, fmt.Errorf("read the events: %w", err)
			}
			return found, nil
		}
	}
}
