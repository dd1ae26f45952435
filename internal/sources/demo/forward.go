package demo

import (
	"context"
	"fmt"
	"html"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// served is what can be forwarded to: the deployment whose pods answer, the
// port, and the pod if it must be that one.
func served(o object) (d *deployment, port int, only *pod) {
	switch o := o.(type) {
	case *pod:
		return o.rs.dep, o.rs.dep.service.port, o
	case *deployment:
		return o, o.service.port, nil
	case *endpoint:
		return o.dep, 80, nil
	}
	return nil, 0, nil
}

func forwardForm(o object) core.Form {
	d, port, _ := served(o)
	if d == nil {
		return core.Form{}
	}
	return core.Form{Fields: []core.Field{{
		Name: "port", Title: text.Lit("Port"), Help: text.Lit("[local:]remote; local 0 or none: any free one"), Type: core.FieldChoice, Open: true, Required: true,
		Value: strconv.Itoa(port), Columns: []text.Safe{text.Lit("PORT"), text.Lit("NAME")},
		Choices: []core.Choice{{Value: strconv.Itoa(port), Cells: []text.Safe{text.Int(port), text.Lit("http")}}},
	}}}
}

// PlanForward plans a port of the loopback that answers as the service would.
func (s *Source) PlanForward(ctx context.Context, ref core.Ref, what core.Forward) (*core.Operation, error) {
	o, done, err := s.object(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer done()
	d, port, only := served(o)
	if d == nil {
		return nil, problemf(core.Unsupported, "a %s has no ports in the demo", ref.Kind)
	}
	if what.Remote != "http" && what.Remote != strconv.Itoa(port) {
		return nil, problemf(core.NotFound, "%s has no port %q: it has %d (http)", ref.Path(), what.Remote, port)
	}
	local, err := loopback(what.Local)
	if err != nil {
		return nil, err
	}
	_, localPort, _ := net.SplitHostPort(local)
	shown := local
	if localPort == "0" {
		localPort, shown = "", "a free port"
	}
	target := o.ref()
	plan := core.Plan{
		Verb: core.VerbForward, Target: target, Title: text.Sprintf("Forward %s to port %d of %s", shown, port, target.Path()),
		Impact:   []text.Safe{text.Lit("a port of this machine's loopback, until you end it; a page of the demo answers")},
		Command:  text.Sprintf("%s port-forward %s/%s %s:%d", s.place.kubectl(target.Namespace), target.Kind, target.Name, localPort, port),
		UndoHint: text.Lit("it ends when you end it"),
	}
	return &core.Operation{Plan: plan, Serve: func(ctx context.Context, out core.Output) error {
		if err := s.w.gate.Check(ctx, "port-forward to "+target.Path()); err != nil {
			return s.Problem(err)
		}
		return s.serve(ctx, local, fmt.Sprintf("%s:%d", target.Path(), port), out, func() (int, string) { return d.answer(only) })
	}}, nil
}

// loopback is the address to listen at: other ones than the loopback's would
// open the demo to the network.
func loopback(local string) (string, error) {
	host, port := "127.0.0.1", local
	if h, p, err := net.SplitHostPort(local); err == nil {
		host, port = h, p
	}
	if port == "" {
		port = "0"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", problemf(core.Invalid, "%q is not a local port", local)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", problemf(core.Refused, "the demo listens on the loopback only, not on %s", host)
	}
	return net.JoinHostPort(host, port), nil
}

// answer is what a request to a service gets now.
func (d *deployment) answer(only *pod) (int, string) {
	w := d.place.w
	w.lock()
	defer w.mu.Unlock()
	for _, p := range d.live() {
		if p.ready && (only == nil || p == only) {
			if p.rs.build.defect == errs && w.now.UnixNano()/int64(time.Second)%3 == 0 {
				return http.StatusInternalServerError, p.name + ": error burst of " + p.rs.build.image
			}
			return http.StatusOK, "served by pod " + p.name + " from image " + p.rs.build.image
		}
	}
	return http.StatusServiceUnavailable, "no pod is ready"
}

// serve answers until ctx ends.
func (s *Source) serve(ctx context.Context, local, remote string, out core.Output, answer func() (int, string)) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", local)
	if err != nil {
		p := problemf(core.Refused, "listen at %s: %v", local, err)
		p.Hint = text.Lit("another local port: port=0:REMOTE takes any free one")
		return p
	}
	server := &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			code, body := answer()
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(code)
			fmt.Fprintf(w, "<!doctype html><title>demo</title><h1>devops-tui demo</h1><p>%s</p><p>This page is made up: nothing real answers.</p>\n", html.EscapeString(body))
			out.Line(text.CleanLine(fmt.Sprintf("%s %s: %d", r.Method, r.URL.Path, code)))
		}),
	}
	out.Progress(core.Progress{Text: text.Sprintf("%s → %s", l.Addr().String(), remote)})
	ended := make(chan error, 1)
	core.Go("demo port-forward", func() { ended <- server.Serve(l) })
	select {
	case err := <-ended:
		return problemf(core.Internal, "%s: %v", strings.TrimSpace(remote), err)
	case <-ctx.Done():
		_ = server.Close() // also the connections that are open
		<-ended
		return nil
	}
}
