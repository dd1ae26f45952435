package kube

import (
	"context"
	"errors"
	"net"
	"strconv"
	"syscall"

	corev1 "k8s.io/api/core/v1"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var _ sources.Forwarder = (*Source)(nil)

// PlanForward plans what `kubectl port-forward` does, for a pod, a service or a
// workload. Unlike there, it goes on with the next pod when its pod goes.
func (s *Source) PlanForward(ctx context.Context, ref core.Ref, what core.Forward) (*core.Operation, error) {
	k, o, err := s.fetch(ctx, ref)
	if err != nil {
		return nil, err
	}
	ref.UID = o.str("metadata", "uid")
	f := &forwarding{s: s, goal: goal{ref: ref}}
	if k.Name == "service" {
		f.service = o
	}
	pods, err := s.podsBehind(ctx, ref)
	if err != nil {
		return nil, err
	}
	pod, err := f.best(pods, "")
	if err != nil {
		return nil, err
	}
	ports := f.ports(pod)
	f.wish = what.Remote
	if f.wish == "" {
		if len(ports) != 1 {
			return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("which port of %s %s?", k.Name, ref.Name), Hint: portsHint(ports)}
		}
		f.wish = strconv.Itoa(ports[0].number)
	}
	number, port, err := f.portOf(pod)
	if err != nil {
		return nil, err
	}
	if f.hosts, f.local, err = localEnd(what.Local, port); err != nil {
		return nil, err
	}
	from := text.Clean(net.JoinHostPort(f.hosts[0], strconv.Itoa(f.local)))
	p := core.Plan{
		Verb: core.VerbForward, Target: ref, Rev: o.str("metadata", "resourceVersion"),
		Title:    text.Sprintf("Forward %s to port %s of %s %s in %s", from, f.wish, k.Name, ref.Name, ref.Namespace),
		Impact:   []text.Safe{text.Sprintf("it goes to port %d of pod %s, through the API server", port, pod.Name)},
		Preview:  text.Lit("a port-forward cannot be tried"),
		Command:  text.Sprintf("%s port-forward %s %d:%d", s.kubectl(ref.Namespace), shellWord(k.Name+"/"+ref.Name), f.local, number),
		UndoHint: text.Lit("it ends with x on its task, or with the cockpit; there is nothing to undo"),
	}
	if k.Name != "pod" {
		p.Impact = append(p.Impact, text.Lit("when that pod goes, it goes on with the next ready one"))
	}
	if !loopbackHost(f.hosts[0]) {
		p.Danger = 1
		p.Command = text.Sprintf("%s --address %s", p.Command, shellWord(f.hosts[0]))
		p.Warnings = append(p.Warnings, text.Sprintf("%s is open to other machines, without any password", from))
	}
	if !isReady(pod) {
		p.Warnings = append(p.Warnings, text.Sprintf("pod %s is not ready", pod.Name))
	}
	return &core.Operation{Plan: p, Serve: f.serve}, nil
}

// loopbackOnly is where a forward listens unless it is told another host.
var loopbackOnly = []string{"127.0.0.1", "::1"}

func loopbackHost(h string) bool {
	ip := net.ParseIP(h)
	return h == "localhost" || ip != nil && ip.IsLoopback()
}

// localEnd reads what the user says of the local end: hosts and a port that is
// free now. Without a port it is the remote one where that can be had.
func localEnd(local string, remote int) (hosts []string, port int, err error) {
	hosts = loopbackOnly
	invalid := func() ([]string, int, error) {
		return nil, 0, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%q is no local port", local), Hint: text.Lit("8080, or 127.0.0.1:8080")}
	}
	number := local
	if host, p, err := net.SplitHostPort(local); err == nil {
		number = p
		switch host {
		case "localhost":
		case "", "*":
			hosts = []string{"0.0.0.0"}
		default:
			if net.ParseIP(host) == nil {
				return invalid()
			}
			hosts = []string{host}
		}
	}
	if number != "" {
		if port, err = strconv.Atoi(number); err != nil || port < 0 || port > 65535 {
			return invalid()
		}
	}
	if port == 0 {
		if number == "" && remote >= 1024 && listenable(hosts[0], remote) == nil {
			return hosts, remote, nil
		}
		port = freePort(hosts[0], 0)
		return hosts, port, nil
	}
	return hosts, port, busy(hosts[0], port, listenable(hosts[0], port))
}

// listenable tries whether a port can be listened on.
func listenable(host string, port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return l.Close()
}

// freePort finds a free port, near one that is taken; 0: any.
func freePort(host string, near int) int {
	for p := near + 1; near > 0 && p < min(near+20, 65536); p++ {
		if listenable(host, p) == nil {
			return p
		}
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// busy makes a problem of why a local port cannot be listened on.
func busy(host string, port int, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EADDRINUSE):
		return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("port %d of this machine is in use", port), Hint: text.Sprintf("%d is free", freePort(host, max(port, 1024))), Cause: err}
	case errors.Is(err, syscall.EACCES):
		return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("port %d of this machine is not for users", port), Hint: text.Sprintf("%d is free", freePort(host, 8000+port)), Cause: err}
	}
	return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("cannot listen on %s: %v", net.JoinHostPort(host, strconv.Itoa(port)), err), Cause: err}
}

// forwardForm offers the ports of the object, each with a local one.
func (s *Source) forwardForm(ctx context.Context, _ *kind, ref core.Ref) (core.Form, error) {
	_, o, err := s.fetch(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	f := goal{ref: ref}
	if ref.Kind == "service" {
		f.service = o
	}
	pods, err := s.podsBehind(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	pod, err := f.best(pods, "")
	if err != nil {
		return core.Form{}, err
	}
	field := core.Field{
		Name: "port", Title: text.Lit("Port"), Help: text.Lit("[local:]remote; the local part may be host:port"),
		Type: core.FieldChoice, Open: true, Required: true,
		Columns: []text.Safe{text.Lit("LOCAL:REMOTE"), text.Lit("NAME"), text.Lit("GOES TO")},
	}
	for _, p := range f.ports(pod) {
		g := f
		g.wish = strconv.Itoa(p.number)
		_, at, err := g.portOf(pod)
		if err != nil {
			continue // a service's port that no container of this pod has
		}
		_, local, err := localEnd("", at)
		if err != nil {
			return core.Form{}, err
		}
		value := strconv.Itoa(local) + ":" + g.wish
		field.Choices = append(field.Choices, core.Choice{Value: value, Cells: []text.Safe{text.Clean(value), text.Clean(p.name), text.Sprintf("%s, port %d", p.container, at)}})
		if field.Value == "" {
			field.Value = value
		}
	}
	return core.Form{Fields: []core.Field{field}}, nil
}

// goal is where a forward leads.
type goal struct {
	ref     core.Ref
	service tree   // nil: it is none
	wish    string // the remote port as the user named it
}

// openPort is a port that an object says it has.
type openPort struct {
	number    int
	name      string
	container string // where it leads, as far as that is said
}

// ports are those of the service, else those of the pod's containers.
func (f goal) ports(pod *corev1.Pod) []openPort {
	var out []openPort
	if f.service != nil {
		for _, p := range f.service.items("spec", "ports") {
			if proto := p.str("protocol"); proto == "" || proto == "TCP" {
				out = append(out, openPort{p.num("port"), p.str("name"), "pod " + pod.Name})
			}
		}
		return out
	}
	return containerPorts(pod)
}

func containerPorts(pod *corev1.Pod) []openPort {
	var out []openPort
	for _, list := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range list {
			for _, p := range list[i].Ports {
				if p.Protocol == "" || p.Protocol == corev1.ProtocolTCP {
					out = append(out, openPort{int(p.ContainerPort), p.Name, "container " + list[i].Name})
				}
			}
		}
	}
	return out
}

func portsHint(ports []openPort) text.Safe {
	if len(ports) == 0 {
		return text.Lit("it names none: give the number")
	}
	var all []text.Safe
	for _, p := range ports {
		all = append(all, text.Sprintf("%d", p.number))
		if p.name != "" {
			all[len(all)-1] = text.Sprintf("%d (%s)", p.number, p.name)
		}
	}
	return text.Concat(text.Lit("it has "), text.Join(text.Lit(", "), all...))
}

// portOf resolves the port that is wished for against a pod: the object's own
// number of it, and the pod's. Named ports may differ between pods.
func (f goal) portOf(pod *corev1.Pod) (number, port int, err error) {
	number, err = strconv.Atoi(f.wish)
	named := err != nil
	missing := &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("%s %s has no port %s", f.ref.Kind, f.ref.Name, f.wish), Hint: portsHint(f.ports(pod))}
	if !named && (number < 1 || number > 65535) {
		return 0, 0, missing
	}
	if f.service == nil {
		if !named {
			return number, number, nil // also one that it does not declare
		}
		port, ok := namedPort(pod, f.wish)
		if !ok {
			return 0, 0, missing
		}
		return port, port, nil
	}
	for _, p := range f.service.items("spec", "ports") {
		if named && p.str("name") != f.wish || !named && p.num("port") != number {
			continue
		}
		target := p.str("targetPort")
		if target == "" || target == "0" || f.service.str("spec", "clusterIP") == "None" && !named {
			return p.num("port"), p.num("port"), nil
		}
		if n, err := strconv.Atoi(target); err == nil {
			return p.num("port"), n, nil
		}
		port, ok := namedPort(pod, target)
		if !ok {
			return 0, 0, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("port %s of service %s leads to port %s, which pod %s does not have", f.wish, f.ref.Name, target, pod.Name)}
		}
		return p.num("port"), port, nil
	}
	return 0, 0, missing
}

func namedPort(pod *corev1.Pod, name string) (int, bool) {
	for _, p := range containerPorts(pod) {
		if p.name == name {
			return p.number, true
		}
	}
	return 0, false
}
