package kube

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"devops-tui/internal/archive"
	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

var _ sources.Copier = (*Source)(nil)

// copyLimit is how long a copy may take.
const copyLimit = 2 * time.Hour

// copying is one planned copy between this machine and a container: a tar
// stream through a program call, as `kubectl cp` does it, but without a tar on
// this side.
type copying struct {
	s     *Source
	pod   core.Ref
	name  string // of the container
	local string // cleaned path of this machine
	there string // cleaned path in the container
	// replace: what is at local already may be replaced, as the plan said.
	replace bool
	total   int64         // bytes that go in; -1: not known
	load    *archive.Load // that goes in

	out core.Output
	// Of the operation, between Execute and Verify.
	mu    sync.Mutex
	bytes int64
	files int
	told  time.Time
	over  bool // it came to its end
}

// PlanCopy plans a copy of a file or folder into or out of a container.
func (s *Source) PlanCopy(ctx context.Context, ref core.Ref, what core.Copy) (*core.Operation, error) {
	if ref.Kind != "pod" {
		return nil, &core.Problem{Kind: core.Unsupported, Summary: text.Sprintf("nothing can be copied to or from a %s: choose a pod", ref.Kind)}
	}
	fromBox, from, out := cutInside(what.From)
	toBox, to, in := cutInside(what.To)
	if in == out || from == "" || to == "" {
		return nil, &core.Problem{Kind: core.Invalid, Summary: text.Lit("one end of a copy is in the container: it begins with a colon"), Hint: text.Lit("from=:/var/log/app.log to=.")}
	}
	pod, err := s.podBehind(ctx, ref)
	if err != nil {
		return nil, err
	}
	b, err := runningBox(pod, fromBox+toBox)
	if err != nil {
		return nil, err
	}
	c := &copying{s: s, pod: s.podRef(pod), name: b.name, total: -1}
	p := core.Plan{
		Verb: core.VerbCopy, Target: c.pod, Rev: pod.ResourceVersion,
		Preview: text.Lit("a copy cannot be tried"),
	}
	op := &core.Operation{Execute: c.copyOut, Verify: c.verify, SendLimit: copyLimit}
	if in {
		op.Execute = c.copyIn
		err = c.planIn(&p, pod, from, to)
	} else {
		err = c.planOut(&p, pod, from, to)
	}
	if err != nil {
		return nil, err
	}
	op.Plan = p
	return op, nil
}

// cutInside tells an end in the container, "[container]:path", from one of this
// machine, which may have a colon behind a slash.
func cutInside(s string) (container, p string, inside bool) {
	name, p, ok := strings.Cut(s, ":")
	if !ok || strings.ContainsAny(name, `/\`) {
		return "", s, false
	}
	return name, p, true
}

func (c *copying) planOut(p *core.Plan, pod *corev1.Pod, from, to string) error {
	c.there = path.Clean(from)
	base := path.Base(c.there)
	if base == "." || base == ".." || base == "/" {
		return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("%s has no name to be copied as", from)}
	}
	c.local = filepath.Clean(to)
	if st, err := os.Stat(c.local); err == nil && st.IsDir() {
		c.local = filepath.Join(c.local, base)
	} else if st, err := os.Stat(filepath.Dir(c.local)); err != nil || !st.IsDir() {
		return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("there is no folder %s", filepath.Dir(c.local))}
	}
	before := text.Lit("nothing")
	if st, err := os.Lstat(c.local); err == nil {
		c.replace, p.Danger = true, 1
		switch {
		case st.IsDir():
			before = text.Lit("a folder")
			p.Warnings = append(p.Warnings, text.Sprintf("%s exists: files of the same names in it are replaced", c.local))
		case st.Mode().IsRegular():
			before = text.Sprintf("a file of %s", byteSize(int(st.Size())))
			p.Warnings = append(p.Warnings, text.Sprintf("%s exists and is replaced", c.local))
		default:
			return &core.Problem{Kind: core.Refused, Summary: text.Sprintf("%s exists and is neither a file nor a folder", c.local)}
		}
	}
	p.Title = text.Sprintf("Copy %s out of container %s of pod %s in %s", c.there, c.name, pod.Name, pod.Namespace)
	p.Changes = []core.FieldChange{{Field: text.Clean(c.local), Before: before, After: text.Sprintf("%s of the container", c.there)}}
	p.Impact = []text.Safe{text.Lit("how much it is shows while it comes; links are left out")}
	p.Command = text.Sprintf("%s cp -c %s %s %s", c.s.kubectl(pod.Namespace), shellWord(c.name), shellWord(pod.Name+":"+c.there), shellWord(c.local))
	p.UndoHint = text.Lit("cannot be undone: what is there before is replaced; nothing changes in the cluster")
	return nil
}

func (c *copying) planIn(p *core.Plan, pod *corev1.Pod, from, to string) error {
	c.local = filepath.Clean(from)
	abs, err := filepath.Abs(c.local)
	if err != nil {
		return &core.Problem{Kind: core.Invalid, Summary: text.Error(err), Cause: err}
	}
	if c.load, err = archive.Measure(abs); err != nil {
		return &core.Problem{Kind: core.Invalid, Summary: text.Error(err), Cause: err}
	}
	c.total = c.load.Bytes
	c.there = path.Clean(to)
	if strings.HasSuffix(to, "/") || c.there == "." {
		c.there = path.Join(c.there, filepath.Base(abs))
	}
	c.local = abs
	p.Danger = 1
	p.Title = text.Sprintf("Copy %s into container %s of pod %s in %s", from, c.name, pod.Name, pod.Namespace)
	p.Changes = []core.FieldChange{{Field: text.Sprintf("%s in the container", c.there), Before: text.Lit("not looked at"), After: text.Sprintf("%d files, %s", c.load.Files, byteSize(int(c.total)))}}
	p.Impact = []text.Safe{text.Sprintf("if %s is a folder there, it goes into that folder", c.there)}
	p.Warnings = []text.Safe{text.Lit("files of the same names are replaced"), text.Lit("what is not on a volume is gone when the container is restarted")}
	if n := len(c.load.Omitted); n > 0 {
		p.Warnings = append(p.Warnings, text.Sprintf("left out, for they are no files or lead out of the folder: %d, the first is %s", n, c.load.Omitted[0]))
	}
	p.Command = text.Sprintf("%s cp -c %s %s %s", c.s.kubectl(pod.Namespace), shellWord(c.name), shellWord(c.local), shellWord(pod.Name+":"+c.there))
	p.UndoHint = text.Lit("cannot be undone: what was there before is not kept")
	return nil
}

// again checks before anything is sent that the pod is the one that was seen.
func (c *copying) again(ctx context.Context) error {
	pods, err := c.s.podsBehind(ctx, c.pod)
	if err != nil {
		return err
	}
	_, err = runningBox(pods[0], c.name)
	return err
}

// fault makes words of how the tar in the container ended.
func (c *copying) fault(doing string, err error, stderr string) error {
	what := text.Sprintf("cannot copy %s %s of pod %s", doing, c.there, c.pod.Name)
	var exit *core.ExitError
	said, _, _ := strings.Cut(strings.TrimSpace(stderr), "\n")
	switch {
	case noProgram(err, stderr):
		return &core.Problem{
			Kind: core.Unsupported, Summary: text.Sprintf("container %s has no tar", c.name), Cause: err,
			Hint: text.Lit("a copy needs one there; a debug container that sees this one's files under /proc/1/root has one"),
		}
	case errors.As(err, &exit) && said != "":
		kind := core.Invalid
		if strings.Contains(said, "No such file") || strings.Contains(said, "not found") {
			kind = core.NotFound
		} else if strings.Contains(said, "denied") {
			kind = core.Forbidden
		}
		return &core.Problem{Kind: kind, Summary: text.Concat(what, text.Lit(": "), text.CleanLong(said)), Cause: err}
	case errors.As(err, &exit):
		return &core.Problem{Kind: core.Invalid, Summary: text.Concat(what, text.Lit(": "), text.Error(err)), Cause: err}
	}
	return c.s.execProblem(what, err)
}

// moved notes bytes that were copied and reports them now and then.
func (c *copying) moved(n int, name string) {
	c.mu.Lock()
	c.bytes += int64(n)
	quiet := time.Since(c.told) < 200*time.Millisecond
	if !quiet {
		c.told = time.Now()
	}
	p := core.Progress{Text: text.Sprintf("%s · %s", byteSize(int(c.bytes)), name)}
	if c.total >= 0 {
		p.Done, p.Total = int(c.bytes), int(c.total)
		p.Text = text.Sprintf("%s of %s · %s", byteSize(int(c.bytes)), byteSize(int(c.total)), name)
	}
	c.mu.Unlock()
	if !quiet {
		c.out.Progress(p)
	}
}

func (c *copying) finish(files int) {
	c.mu.Lock()
	c.files, c.over = files, true
	c.mu.Unlock()
}

// verify says what came of it: the tar at the other side told how it ended.
func (c *copying) verify(_ context.Context, report func(core.Progress)) (core.Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		return core.OutcomeUnknown, fmt.Errorf("the copy of %s was cut off after %s", c.there, byteSize(int(c.bytes)))
	}
	report(core.Progress{Done: 1, Total: 1, Text: text.Sprintf("%d files, %s", c.files, byteSize(int(c.bytes)))})
	return core.OutcomeHealthy, nil
}

// copyForm asks for both ends.
func (s *Source) copyForm(ctx context.Context, _ *kind, ref core.Ref) (core.Form, error) {
	pod, err := s.podBehind(ctx, ref)
	if err != nil {
		return core.Form{}, err
	}
	f := core.Form{Note: text.Lit("the end in the container begins with a colon"), Fields: []core.Field{
		{Name: "from", Title: text.Lit("From"), Type: core.FieldFile, Required: true, Help: text.Lit(":/var/log/app.log, or a file of this machine")},
		{Name: "to", Title: text.Lit("To"), Type: core.FieldFile, Required: true, Help: text.Lit("a folder of this machine, or :/path")},
	}}
	f.Fields = append(f.Fields, containerField(pod)...)
	return f, nil
}
