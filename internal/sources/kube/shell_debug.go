package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// debugStart is how long a debug container may take to start: its image may
// have to be pulled.
const debugStart = 3 * time.Minute

// debugging is one planned debug container.
type debugging struct {
	*change
	s    *Source
	name string
	tty  bool // as the terminal is; known when the session begins
}

// planDebug plans an ephemeral container that shares the processes of another,
// and a terminal on it
// (https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/).
func (s *Source) planDebug(ctx context.Context, ref core.Ref, pod *corev1.Pod, what core.Shell) (*core.Operation, error) {
	target, err := boxOf(pod, what.Container)
	if err != nil {
		return nil, err
	}
	if !target.role.Empty() {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("container %s is not one of the pod's own: a debug container cannot look into it", target.name)}
	}
	k, o, err := s.fetch(ctx, s.podRef(pod))
	if err != nil {
		return nil, err
	}
	d := &debugging{change: s.newChange(k, o, "add a debug container to"), s: s, name: "debugger-" + suffix(), tty: true}
	d.sub = []string{"ephemeralcontainers"}
	d.body = func(rev string) []byte {
		c := map[string]any{
			"name": d.name, "image": what.Debug, "targetContainerName": target.name,
			// With stdinOnce the shell ends when the terminal goes, however it goes.
			"stdin": true, "stdinOnce": true, "tty": d.tty, "terminationMessagePolicy": "File",
		}
		if len(what.Command) > 0 {
			c["command"] = what.Command
		}
		b, _ := json.Marshal(map[string]any{
			"metadata": map[string]any{"uid": d.ref.UID, "resourceVersion": rev},
			"spec":     map[string]any{"ephemeralContainers": []any{c}},
		})
		return b
	}
	d.arrived = func(o tree) bool { return debuggerOf(o, d.name) != nil }
	names := []string{}
	for _, c := range o.items("spec", "ephemeralContainers") {
		names = append(names, c.str("name"))
	}
	command := text.Sprintf("%s debug -it %s --image=%s --target=%s", s.kubectl(pod.Namespace), shellWord(pod.Name), shellWord(what.Debug), shellWord(target.name))
	if len(what.Command) > 0 {
		command = text.Sprintf("%s -- %s", command, commandWords(what.Command))
	}
	p := core.Plan{
		Verb: core.VerbShell, Danger: 1, Command: command,
		Title: text.Sprintf("Add debug container %s to pod %s in %s, and open a terminal on it", d.name, pod.Name, pod.Namespace),
		Changes: []core.FieldChange{{
			Field: text.Lit("spec.ephemeralContainers"), Before: listOr(names, "none"), After: listOr(append(names, d.name), ""),
		}},
		Impact: []text.Safe{
			text.Sprintf("image %s is pulled on node %s if it is not there", what.Debug, pod.Spec.NodeName),
			text.Sprintf("it shares the network of the pod and sees the processes of container %s", target.name),
		},
		UndoHint: text.Lit("cannot be undone: an ephemeral container cannot be removed from a pod; it ends with the shell, but stays in the pod's definition"),
	}
	if err := d.preview(ctx, &p); err != nil {
		return nil, err
	}
	from(&p, ref)
	return &core.Operation{Plan: p, Session: d.session}, nil
}

func listOr(names []string, none string) text.Safe {
	if len(names) == 0 {
		return text.Clean(none)
	}
	return text.Clean(strings.Join(names, ", "))
}

// suffix keeps the names of debug containers apart.
func suffix() string {
	const letters = "bcdfghjklmnpqrstvwxz2456789" // as the API server's own, which spell nothing
	b := make([]byte, 5)
	for i := range b {
		b[i] = letters[rand.N(len(letters))]
	}
	return string(b)
}

func debuggerOf(o tree, name string) tree {
	for _, c := range o.items("spec", "ephemeralContainers") {
		if c.str("name") == name {
			return c
		}
	}
	return nil
}

// session adds the container once, waits until it runs, and attaches to it.
func (d *debugging) session(ctx context.Context, t core.Terminal) error {
	d.tty = t.TTY
	if err := d.execute(ctx, sources.Quiet); err != nil {
		if !errors.Is(err, core.ErrOutcomeUnknown) {
			return err
		}
		if out, verr := d.verify(ctx, func(core.Progress) {}); out != core.OutcomeHealthy {
			return errors.Join(err, verr)
		}
	}
	end := "\n"
	if t.TTY {
		end = "\r\n"
	}
	fmt.Fprintf(t.Err, "debug container %s starts …%s", d.name, end)
	if err := d.started(ctx); err != nil {
		return err
	}
	if t.TTY {
		fmt.Fprintf(t.Err, "it runs; press enter if there is no prompt%s", end)
	}
	return d.s.talk(ctx, t, remote{pod: d.ref, container: d.name, attach: true})
}

// started waits until the container runs.
func (d *debugging) started(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, debugStart, fmt.Errorf("it did not start within %s", debugStart))
	defer cancel()
	state := "no state yet"
	var wait backoff
	for {
		p, err := d.s.pod(ctx, d.ref.Namespace, d.ref.Name)
		switch {
		case ctx.Err() != nil:
			return &core.Problem{Kind: core.Unreachable, Summary: text.Sprintf("debug container %s: %s (%s)", d.name, context.Cause(ctx).Error(), state), Cause: context.Cause(ctx)}
		case isStatus(err, 401, 403, 404):
			return d.s.problem(text.Sprintf("debug container %s", d.name), err)
		case err != nil:
			pause(ctx, min(wait.next(err), 5*time.Second), nil)
			continue
		}
		if err := sameLife(d.ref, string(p.UID)); err != nil {
			return err
		}
		if st := statusOfContainer(p, d.name); st != nil {
			switch {
			case st.State.Running != nil:
				return nil
			case st.State.Terminated != nil:
				return &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("debug container %s %s before a terminal was there", d.name, endText(st.State.Terminated)), Hint: text.Lit("its log says why (l)")}
			case st.State.Waiting != nil:
				w := st.State.Waiting
				state = w.Reason
				if cannotStart(w.Reason) {
					return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("debug container %s cannot start: %s: %s", d.name, w.Reason, w.Message), Hint: text.Lit("choose another image; this container stays in the pod's definition")}
				}
			}
		}
		pause(ctx, verifyEvery/2, nil)
	}
}

// cannotStart names the waits that do not end by waiting.
func cannotStart(reason string) bool {
	switch reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		return true
	}
	return false
}
