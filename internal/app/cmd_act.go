package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"devops-tui/internal/actions"
	verbs "devops-tui/internal/actions/all"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

func actCommand() *command {
	return &command{
		name: "act", args: "VERB REF…", short: "plan a change and, confirmed, carry it out", words: verbNames(),
		long: "Verbs: " + strings.Join(verbNames(), " ") + ".\n" +
			"act VERB --help tells a verb's parameters, act VERB REF --choices what can be chosen for an object.\n" +
			"Without --yes it plans, shows the plan, and asks; without a terminal it plans and exits 3.\n" +
			"Several REFs are one plan. Every change is recorded first (devops-tui journal) and sent exactly once.\n" +
			"Without --wait it ends as soon as the change is sent; with it, it follows until the object is healthy, or not.\n" +
			"act undo [ID] plans the inverse of a change in the journal, of the last one by default.\n" +
			"act edit REF opens $VISUAL or $EDITOR; act shell REF [-- COMMAND…] talks to this terminal or pipe and ends with\n" +
			"the program's exit code; act port-forward REF --set port=8080:80 runs until ctrl+c.",
		flags: func(fs *pflag.FlagSet) {
			outputFlag(fs, "text", "json")
			fs.StringArray("set", nil, "a parameter of the verb, `NAME=VALUE` (repeatable)")
			fs.Bool("choices", false, "show what can be chosen for the REF, and plan nothing")
			fs.Bool("dry-run", false, "plan only")
			fs.Bool("yes", false, "confirm the plan; what policy denies stays denied")
			fs.Bool("wait", false, "follow until the object is healthy again, or not")
			fs.Duration("timeout", 0, "follow at most `DURATION` (default: what the verb may take, mostly 5m)")
			fs.String("break-glass", "", "confirm what policy denies, for `REASON`; it is journaled")
		},
		topic: actTopic,
		run:   runAct,
	}
}

// verbNames are the verbs of the command line.
func verbNames() []string {
	var out []string
	for _, v := range verbs.Verbs() {
		if !v.Hidden {
			out = append(out, v.ID)
		}
	}
	return append(out, core.VerbUndo)
}

// actRequest is what a command line of act asks for.
type actRequest struct {
	verb    string
	refs    []string
	command []string // of a shell, behind --
	params  actions.Params
	format  string
	dry     bool
	yes     bool
	choices bool
	glass   string // the reason; "" for none
}

// actRequest reads the arguments and flags of act; the error is one of usage.
func (r *run) actRequest(args []string) (q actRequest, err error) {
	if q.format, err = r.output("text", "json"); err != nil {
		return q, err
	}
	if n := r.flags.ArgsLenAtDash(); n >= 0 {
		args, q.command = args[:n], args[n:]
	}
	if len(args) == 0 {
		return q, &usageError{"a verb is missing; there are: " + strings.Join(verbNames(), " ")}
	}
	q.verb, q.refs = args[0], args[1:]
	if q.params, err = r.params(); err != nil {
		return q, err
	}
	q.dry, _ = r.flags.GetBool("dry-run")
	q.yes, _ = r.flags.GetBool("yes")
	q.choices, _ = r.flags.GetBool("choices")
	q.glass, _ = r.flags.GetString("break-glass")
	switch {
	case !slices.Contains(verbNames(), q.verb) && core.IsVerb(q.verb) && q.verb != core.VerbRestore:
		return q, &usageError{fmt.Sprintf("%s is not in this version; there are: %s", q.verb, strings.Join(verbNames(), " "))}
	case !slices.Contains(verbNames(), q.verb):
		return q, badUsage("verb", q.verb, verbNames())
	case q.dry && q.yes:
		return q, &usageError{"--dry-run and --yes contradict each other"}
	case r.flags.Changed("break-glass") && strings.TrimSpace(q.glass) == "":
		return q, &usageError{"--break-glass needs a reason"}
	case len(q.command) > 0 && q.verb != core.VerbShell:
		return q, &usageError{fmt.Sprintf("%s takes no command behind --", q.verb)}
	case q.verb == core.VerbUndo && (len(q.refs) > 1 || len(q.params) > 0):
		return q, &usageError{"undo takes the id of one change, or none, and no parameters"}
	case q.verb == core.VerbUndo && q.choices:
		return q, &usageError{"undo has nothing to choose; devops-tui journal list shows the changes"}
	}
	if q.verb == core.VerbShell {
		if len(q.command) > 0 {
			if q.params["command"] != "" {
				return q, &usageError{"the command stands behind -- or in --set command=, not in both"}
			}
			q.params["command"] = wordsOf(q.command)
		}
		if q.format == "json" && !q.dry && !q.choices {
			return q, &usageError{"a shell's output is the program's own: -o json goes with --dry-run only"}
		}
	}
	return q, nil
}

// wordsOf is the inverse of actions.Words.
func wordsOf(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = shellQuoted(w)
	}
	return strings.Join(out, " ")
}

func runAct(ctx context.Context, r *run, args []string) int {
	ctx, stop := interruptible(ctx)
	defer stop()
	q, err := r.actRequest(args)
	if err != nil {
		return r.usage(err)
	}
	w, err := r.open(ctx)
	if err != nil {
		return r.usage(err)
	}
	defer w.close()
	defer w.engine.EndGlass()
	p, code := r.propose(ctx, w, q)
	if p == nil {
		return code
	}
	out := newActWriter(r, q.format == "json")
	session := q.verb == core.VerbShell
	asks := !q.yes && !q.dry && !p.Direct()
	if !session || asks || q.dry || p.Denied != nil {
		out.plan(p)
	}
	switch {
	case p.Denied != nil:
		r.complain(p.Denied)
		return exitRefused
	case q.dry:
		return exitOK
	case q.yes:
		err = p.Accept()
	case p.Direct():
		err = p.AcceptDirect()
	default:
		if out.json || !r.terminal(r.stdin) || !r.terminal(r.stdout) {
			fmt.Fprintln(r.stderr, "devops-tui: planned, not done; --yes confirms")
			return exitUnconfirmed
		}
		err = r.confirm(ctx, p)
	}
	if err != nil {
		return r.notConfirmed(ctx, err)
	}
	if session {
		return r.attach(ctx, w, p)
	}
	return r.execute(ctx, w, p, out)
}

// propose plans what is asked for. Without a proposal the code is the one to
// exit with.
func (r *run) propose(ctx context.Context, w *world, q actRequest) (*actions.Proposal, int) {
	var refs []core.Ref
	if q.verb == core.VerbUndo {
		w.hub.Want(core.Interest{Kinds: []string{}})
		w.start(ctx)
		snap, _ := w.await(ctx, listing{kinds: []string{}}, defaultWait)
		if ctx.Err() != nil {
			return nil, exitInterrupted
		}
		if w.reachable(snap) == 0 {
			return nil, r.unresolved(ctx, w, errNoSource)
		}
	} else {
		var err error
		hasVerb := func(k core.Kind) bool { return slices.Contains(k.Verbs, q.verb) }
		if refs, err = r.resolve(ctx, w, q.refs, hasVerb, defaultWait); err != nil {
			return nil, r.unresolved(ctx, w, err)
		}
	}
	if q.choices {
		return nil, r.showChoices(ctx, w, q, refs)
	}
	if q.glass != "" {
		until, err := w.engine.BreakGlass(q.glass)
		if err != nil {
			r.complain(err)
			return nil, problemCode(err)
		}
		fmt.Fprintf(r.stderr, "devops-tui: break-glass until %s: %s\n", until.Local().Format("15:04:05"), text.Clean(q.glass))
	}
	if q.verb == core.VerbEdit && q.params["file"] == "" {
		return r.proposeEdit(ctx, w, refs)
	}
	var p *actions.Proposal
	var err error
	if q.verb == core.VerbUndo {
		id := ""
		if len(q.refs) == 1 {
			id = q.refs[0]
		}
		p, err = w.engine.Undo(ctx, id)
	} else {
		p, err = w.engine.Plan(ctx, q.verb, refs, q.params)
	}
	if err != nil {
		r.complain(err)
		return nil, problemCode(err)
	}
	return p, exitOK
}

// params reads --set.
func (r *run) params() (actions.Params, error) {
	set, _ := r.flags.GetStringArray("set")
	params := actions.Params{}
	for _, s := range set {
		k, v, ok := strings.Cut(s, "=")
		if !ok || k == "" {
			return nil, &usageError{fmt.Sprintf("--set %q: it is written NAME=VALUE", s)}
		}
		params[k] = v
	}
	return params, nil
}
