package kube

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var _ sources.Sheller = (*Source)(nil)

// bestShell is one program call that becomes bash where there is one.
var bestShell = []string{"sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash || exec sh"}

// shelling is one planned shell.
type shelling struct {
	s       *Source
	pod     core.Ref
	name    string // of the container
	image   string
	command []string
}

// PlanShell plans an interactive program in a container, as `kubectl exec -it`
// does; for a workload it is in its best pod. With a debug image it plans what
// `kubectl debug -it` does. What the program prints goes to the user's terminal
// as it is, escape sequences included: that is what a shell is.
func (s *Source) PlanShell(ctx context.Context, ref core.Ref, what core.Shell) (*core.Operation, error) {
	pod, err := s.podBehind(ctx, ref)
	if err != nil {
		return nil, err
	}
	if what.Debug != "" {
		return s.planDebug(ctx, ref, pod, what)
	}
	b, err := runningBox(pod, what.Container)
	if err != nil {
		return nil, err
	}
	sh := &shelling{s: s, pod: s.podRef(pod), name: b.name, image: b.image, command: what.Command}
	title := text.Sprintf("Run %s in container %s of pod %s in %s", strings.Join(what.Command, " "), b.name, pod.Name, pod.Namespace)
	if len(sh.command) == 0 {
		sh.command = bestShell
		title = text.Sprintf("Shell in container %s of pod %s in %s", b.name, pod.Name, pod.Namespace)
	}
	p := core.Plan{
		Verb: core.VerbShell, Target: sh.pod, Rev: pod.ResourceVersion, Title: title,
		Impact:   []text.Safe{text.Sprintf("image %s, on node %s", b.image, pod.Spec.NodeName)},
		Preview:  text.Lit("a shell cannot be tried"),
		Command:  text.Sprintf("%s exec -it %s -c %s -- %s", s.kubectl(pod.Namespace), shellWord(pod.Name), shellWord(b.name), commandWords(sh.command)),
		UndoHint: text.Lit("cannot be undone: it changes nothing by itself, and what is typed there is not recorded"),
	}
	from(&p, ref)
	warnShell(pod, b, &p)
	return &core.Operation{Plan: p, Session: sh.session}, nil
}

// from notes the object that was asked for, when the plan is for another one.
func from(p *core.Plan, ref core.Ref) {
	if ref.Kind != p.Target.Kind {
		p.From = ref
	}
}

func warnShell(pod *corev1.Pod, b box, p *core.Plan) {
	if !isReady(pod) {
		p.Warnings = append(p.Warnings, text.Lit("the pod is not ready"))
	}
	if b.privileged {
		p.Warnings = append(p.Warnings, text.Lit("the container is privileged: what is done there reaches the node"))
	}
}

// session checks that the pod is still the one that was seen, then talks.
func (sh *shelling) session(ctx context.Context, t core.Terminal) error {
	pods, err := sh.s.podsBehind(ctx, sh.pod)
	if err != nil {
		return err
	}
	if _, err := runningBox(pods[0], sh.name); err != nil {
		return err
	}
	err = sh.s.talk(ctx, t, remote{pod: sh.pod, container: sh.name, command: sh.command})
	var none *noProgramError
	if errors.As(err, &none) {
		sh.s.bare.Store(sh.image, true)
		return &core.Problem{
			Kind: core.Unsupported, Summary: text.Sprintf("container %s has no %s", sh.name, sh.command[0]), Cause: err,
			Hint: text.Sprintf("a debug container brings one: choose it with s once more, or: devops-tui act shell %s --set debug=%s --set container=%s", sh.pod.String(), sh.s.conf.DebugImage, sh.name),
		}
	}
	return err
}

// talk connects a terminal with a program of a container.
func (s *Source) talk(ctx context.Context, t core.Terminal, r remote) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	seen := &firstBytes{to: t.Out}
	r.in, r.out, r.err, r.tty = t.In, seen, t.Err, t.TTY
	if r.tty {
		r.err = nil
		if t.Size != nil {
			r.sizes = &sizes{t: t, ctx: ctx, redraw: r.attach}
		}
	}
	err := s.client.run(ctx, r)
	if !r.attach && noProgram(err, seen.head()) {
		return &noProgramError{err}
	}
	return s.execProblem(text.Sprintf("the shell in container %s of pod %s", r.container, r.pod.Name), err)
}

// noProgramError is a program that the container does not have.
type noProgramError struct{ cause error }

func (e *noProgramError) Error() string { return "no such program: " + e.cause.Error() }
func (e *noProgramError) Unwrap() error { return e.cause }

// noProgram tells a program that could not be started from one that ended with
// the same code: 126 and 127 are also what a shell says of its last command. The
// runtimes report it in three ways.
func noProgram(err error, head string) bool {
	var exit *core.ExitError
	var said *saidError
	said1 := func(s string) bool {
		for _, w := range []string{"executable file not found", "no such file or directory", "OCI runtime exec failed"} {
			if strings.Contains(s, w) {
				return true
			}
		}
		return false
	}
	switch {
	case errors.As(err, &exit):
		return (exit.Code == 126 || exit.Code == 127) && (head == "" || said1(head) && strings.Contains(head, "exec"))
	case errors.As(err, &said):
		return said1(said.msg)
	}
	return false
}

// firstBytes passes everything on and keeps the beginning.
type firstBytes struct {
	to   io.Writer
	mu   sync.Mutex
	kept []byte
}

func (f *firstBytes) Write(b []byte) (int, error) {
	f.mu.Lock()
	f.kept = append(f.kept, b[:min(len(b), 512-len(f.kept))]...)
	f.mu.Unlock()
	return f.to.Write(b)
}

func (f *firstBytes) head() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return string(f.kept)
}

// shellForm asks for the container where there are several, and offers a debug
// container where that is needed.
func (s *Source) shellForm(ctx context.Context, _ *kind, ref core.Ref) (core.Form, error) {
	pod, err := s.podBehind(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	f := core.Form{Fields: containerField(pod)}
	if ref.Kind != "pod" {
		f.Note = text.Sprintf("in pod %s", pod.Name)
	}
	b, err := boxOf(pod, "")
	if err != nil {
		return core.Form{}, err
	}
	_, bare := s.bare.Load(b.image)
	if len(f.Fields) == 0 && b.running && !bare {
		return f, nil // nothing to ask: it opens at once
	}
	debug := core.Field{
		Name: "debug", Title: text.Lit("Debug container"), Help: text.Lit("an image with tools, added to the pod; it cannot be removed again"),
		Type: core.FieldChoice, Open: true, Choices: []core.Choice{
			{Value: "", Cells: []text.Safe{text.Lit("none")}},
			{Value: s.conf.DebugImage, Cells: []text.Safe{text.Clean(s.conf.DebugImage)}},
		},
	}
	if bare {
		f.Note = text.Sprintf("container %s has no shell", b.name)
		debug.Value = s.conf.DebugImage
	}
	f.Fields = append(f.Fields, core.Field{
		Name: "command", Title: text.Lit("Command"), Type: core.FieldText, Help: text.Lit("empty: bash if there is one, else sh"),
	}, debug)
	return f, nil
}
