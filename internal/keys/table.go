package keys

import (
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// What the commands that do not exist yet come with.
var (
	withChains    = text.Lit("the chain from commit to alert")
	withIncidents = text.Lit("the incident view")
	withInfra     = text.Lit("the infrastructure sources")
	withAlerts    = text.Lit("the alert sources")
)

var (
	anywhere = []Context{Global}
	moving   = []Context{List, Logs, Doc, Object, Dialog, TaskList}
	matching = []Context{List, Logs, Doc, Object}
	reading  = []Context{Logs, Doc}
	lists    = []Context{List}
	logs     = []Context{Logs}
	charts   = []Context{Chart}
	subject  = []Context{List, Object, Chart}
	about    = []Context{List, Object, Chart, Logs} // as subject, where no log key is in the way
	dialogs  = []Context{Dialog}
	typing   = []Context{Palette, Prompt}
)

// table is the default map of every command. Within one context no key may
// stand twice; the tests hold it to that and to "lower case looks".
func table() []Command {
	t := text.Lit
	return append([]Command{
		{ID: Up, Keys: []string{"k", "up"}, Title: t("up"), Help: t("One row or line up."), Group: Move, Contexts: moving, Hidden: true},
		{ID: Down, Keys: []string{"j", "down"}, Title: t("down"), Help: t("One row or line down."), Group: Move, Contexts: moving, Hidden: true},
		{ID: Left, Keys: []string{"left"}, Title: t("left"), Help: t("Columns or text to the left; the crosshair of a chart; fold a group."), Group: Move, Contexts: []Context{List, Logs, Doc, Chart, Outline}, Hidden: true},
		{ID: Right, Keys: []string{"right"}, Title: t("right"), Help: t("Columns or text to the right; the crosshair of a chart; open a group."), Group: Move, Contexts: []Context{List, Logs, Doc, Chart, Outline}, Hidden: true},
		{ID: Top, Keys: []string{"g", "home"}, Title: t("top"), Help: t("To the first row or line."), Group: Move, Contexts: moving, Hidden: true},
		{ID: Bottom, Keys: []string{"G", "end"}, Title: t("bottom"), Help: t("To the last row or line."), Group: Move, Contexts: moving, Hidden: true},
		{ID: HalfDown, Keys: []string{"ctrl+d"}, Title: t("half page down"), Help: t("Half a page down."), Group: Move, Contexts: moving, Hidden: true},
		{ID: HalfUp, Keys: []string{"ctrl+u"}, Title: t("half page up"), Help: t("Half a page up."), Group: Move, Contexts: moving, Hidden: true},
		{ID: PageDown, Keys: []string{"pgdown", "ctrl+f"}, Title: t("page down"), Help: t("One page down."), Group: Move, Contexts: moving, Hidden: true},
		{ID: PageUp, Keys: []string{"pgup"}, Title: t("page up"), Help: t("One page up."), Group: Move, Contexts: moving, Hidden: true},
		{ID: FocusNext, Keys: []string{"tab"}, Title: t("next pane"), Help: t("Focus the next pane."), Group: Move, Contexts: anywhere, Hidden: true},
		{ID: FocusPrev, Keys: []string{"shift+tab"}, Title: t("previous pane"), Help: t("Focus the previous pane."), Group: Move, Contexts: anywhere, Hidden: true},
		{ID: TabPrev, Keys: []string{"["}, Title: t("previous tab"), Help: t("The tab to the left."), Group: Move, Contexts: anywhere, Hidden: true},
		{ID: TabNext, Keys: []string{"]"}, Title: t("next tab"), Help: t("The tab to the right."), Group: Move, Contexts: anywhere, Hidden: true},
		{ID: Zoom, Keys: []string{"z"}, Title: t("zoom"), Help: t("The focused pane over the whole body, and back."), Group: Move, Contexts: anywhere, Hint: 70},
		{ID: HistoryBack, Keys: []string{"ctrl+o", "alt+left"}, Title: t("back in history"), Help: t("To where one was before, as in a browser."), Group: Move, Contexts: anywhere},
		{ID: HistoryNext, Keys: []string{"alt+right"}, Title: t("forward in history"), Help: t("Forward again after going back in history."), Group: Move, Contexts: anywhere},

		{ID: Open, Keys: []string{"enter"}, Title: t("open"), Help: t("Open the object page of the selected row; fold or open a group of an outline."), Group: Look, Contexts: []Context{List, TaskList, Outline}, Hint: 10, Hidden: true},
		{ID: Back, Keys: []string{"esc", "q"}, Title: t("back"), Help: t("Back to exactly where one was; q on the first screen quits."), Group: Look, Contexts: anywhere, Hidden: true},
		{ID: ViewLogs, Keys: []string{"l"}, Title: t("logs"), Help: t("Logs of the selected object."), Group: Look, Contexts: subject, Hint: 20},
		{ID: ViewPrevious, Keys: []string{"p"}, Title: t("previous logs"), Help: t("Logs of the previous instance of the container."), Group: Look, Contexts: subject},
		{ID: Describe, Keys: []string{"d"}, Title: t("describe"), Help: t("What is known of the selected object, in words."), Group: Look, Contexts: about, Hint: 30},
		{ID: Manifest, Keys: []string{"y"}, Title: t("manifest"), Help: t("The definition of the selected object, without secrets."), Group: Look, Contexts: about, Hint: 32},
		{ID: Events, Keys: []string{"e"}, Title: t("events"), Help: t("What the system says happened to the selected object."), Group: Look, Contexts: about, Hint: 34},
		{ID: Metrics, Keys: []string{"m"}, Title: t("metrics"), Help: t("Charts of the selected object."), Group: Look, Contexts: []Context{List, Object}, Hint: 36},
		{ID: Explain, Keys: []string{"x"}, Title: t("explain"), Help: t("Why the object is in this state."), Group: Look, Contexts: subject, Planned: withChains},
		{ID: Chain, Keys: []string{"b"}, Title: t("chain"), Help: t("What produced this: commit, run, image, rollout."), Group: Look, Contexts: subject, Planned: withChains},
		{ID: Timeline, Keys: []string{"t"}, Title: t("timeline"), Help: t("What happened when, across systems."), Group: Look, Contexts: subject, Planned: withChains},
		{ID: Diff, Keys: []string{"="}, Title: t("diff"), Help: t("Compare the object with what it should be, or the manifests of two marked ones."), Group: Look, Contexts: subject},
		{ID: Shell, Keys: []string{"s"}, Title: t("shell"), Help: t("A shell in the container, as far as policy allows."), Group: Look, Contexts: subject, Hint: 38},
		{ID: PortForward, Keys: []string{"f"}, Title: t("port-forward"), Help: t("Forward a local port to the object."), Group: Look, Contexts: subject},
		{ID: OpenURL, Keys: []string{"o"}, Title: t("open URL"), Help: t("Open the object's page in the browser; over SSH the address is copied."), Group: Look, Contexts: subject},
		{ID: IncidentPin, Keys: []string{"i"}, Title: t("pin to the incident"), Help: t("Pin the object to the incident."), Group: Look, Contexts: subject, Planned: withIncidents},
		{ID: Incident, Keys: []string{"I"}, Title: t("incident"), Help: t("The incident view."), Group: Look, Contexts: anywhere, Planned: withIncidents},
		{ID: Pin, Keys: []string{"."}, Title: t("pin"), Help: t("Keep logs, metrics and detail on this object; again: follow the selection."), Group: Look, Contexts: anywhere},
		{ID: Copy, Keys: []string{"c"}, Title: t("copy"), Help: t("Copy the name of the selected object, or the marked text; works over SSH."), Group: Look, Contexts: []Context{List, Object, Chart, Logs, Doc, TaskList}},
		{ID: Tasks, Keys: []string{"u"}, Title: t("changes & tasks"), Help: t("What runs now, and the journal of what was changed."), Group: Look, Contexts: anywhere, Hint: 72},
		{ID: Journal, Title: t("journal"), Help: t("What was changed from here, by whom, and how it ended."), Group: Look, Contexts: anywhere},
		{ID: TaskStop, Keys: []string{"x"}, Title: t("stop waiting"), Help: t("End a port-forward, or stop waiting for a change; what was sent stays sent."), Group: Look, Contexts: []Context{TaskList}, Hint: 20, Hidden: true},

		{ID: Filter, Keys: []string{"/"}, Title: t("filter"), Help: t("Filter a list, search in text: word, !word, /regex/, cpu>500m, ns:payments."), Group: Find, Contexts: anywhere, Hint: 50},
		{ID: MatchNext, Keys: []string{"n"}, Title: t("next match"), Help: t("To the next match."), Group: Find, Contexts: matching, Hidden: true},
		{ID: MatchPrev, Keys: []string{"N"}, Title: t("previous match"), Help: t("To the previous match."), Group: Find, Contexts: matching, Hidden: true},
		{ID: OpenPalette, Keys: []string{":", "ctrl+p"}, Title: t("palette"), Help: t("Go to any view, kind or object, or do anything, by name."), Group: Find, Contexts: anywhere, Hint: 60, Hidden: true},
		{ID: Scope, Keys: []string{";"}, Title: t("scope"), Help: t("Choose environment, cluster, namespace, repository or host."), Group: Find, Contexts: anywhere, Hint: 62},
		{ID: Problems, Keys: []string{"*"}, Title: t("problems only"), Help: t("Show only what failed or works in part; again: everything."), Group: Find, Contexts: anywhere, Hint: 64},

		{ID: SortNext, Keys: []string{">"}, Title: t("sort by next column"), Help: t("Sort by the next column to the right."), Group: Order, Contexts: lists},
		{ID: SortPrev, Keys: []string{"<"}, Title: t("sort by previous column"), Help: t("Sort by the next column to the left."), Group: Order, Contexts: lists},
		{ID: SortReverse, Keys: []string{","}, Title: t("reverse order"), Help: t("Turn the order around."), Group: Order, Contexts: lists},
		{ID: SortDefault, Keys: []string{"0"}, Title: t("trouble first"), Help: t("Back to the default order: trouble first."), Group: Order, Contexts: lists},
		{ID: Wide, Keys: []string{"w"}, Title: t("wide"), Help: t("Show all columns; again: the usual ones."), Group: Order, Contexts: lists},
		{ID: Mark, Keys: []string{"space"}, Title: t("mark"), Help: t("Mark the row: changes then apply to all that are marked, in one plan."), Group: Order, Contexts: lists, Hidden: true},
		{ID: MarkRange, Keys: []string{"v"}, Title: t("mark range"), Help: t("Mark from the last marked row to this one."), Group: Order, Contexts: lists, Hidden: true},

		{ID: Refresh, Keys: []string{"r"}, Title: t("refresh"), Help: t("Ask the systems afresh, at once."), Group: Program, Contexts: anywhere},
		{ID: Redraw, Keys: []string{"ctrl+l"}, Title: t("redraw"), Help: t("Draw the whole screen again."), Group: Program, Contexts: anywhere},
		{ID: Suspend, Keys: []string{"ctrl+z"}, Title: t("suspend"), Help: t("Back to the shell; fg returns."), Group: Program, Contexts: anywhere},
		{ID: Help, Keys: []string{"?", "f1"}, Title: t("help"), Help: t("The keys that are valid here."), Group: Program, Contexts: anywhere, Hint: 100},
		{ID: Interrupt, Keys: []string{"ctrl+c"}, Title: t("cancel, quit"), Help: t("Cancel the prompt or the local wait; twice within 2 s quits. It never reaches a remote job."), Group: Program, Contexts: []Context{Global, Dialog, Palette, Prompt}, Hidden: true},
		{ID: Quit, Title: t("quit"), Help: t("Leave the cockpit."), Group: Program, Contexts: anywhere},
		{ID: BreakGlass, Title: t("break glass"), Help: t("For 15 minutes what policy denies can be done by name; the reason goes into the journal."), Group: Program, Contexts: anywhere},
		{ID: EndGlass, Title: t("end break glass"), Help: t("Policy denies again at once."), Group: Program, Contexts: anywhere},

		{ID: Actions, Keys: []string{"a"}, Title: t("all actions"), Help: t("Everything possible here, and why the rest is not."), Group: Look, Contexts: about, Hint: 90},
		change(Restart, "R", t("restart"), t("Restart a workload or container; rerun or retry a run."), core.VerbRestart, text.Safe{}),
		change(Rollback, "B", t("roll back"), t("Back to an earlier revision or image."), core.VerbRollback, text.Safe{}),
		change(Deploy, "D", t("deploy"), t("Dispatch, sync, set an image, compose up, apply."), core.VerbDeploy, text.Safe{}),
		change(Scale, "S", t("scale"), t("Change the number of replicas; start or stop."), core.VerbScale, text.Safe{}),
		change(Cancel, "C", t("cancel"), t("Cancel a run, end an operation, abort a rollout."), core.VerbCancel, text.Safe{}),
		change(Approve, "A", t("approve"), t("Approve or reject what waits: a gate, an input, a manual job; promote a rollout."), core.VerbApprove, text.Safe{}),
		change(Pause, "P", t("pause"), t("Pause or resume, suspend, cordon."), core.VerbPause, text.Safe{}),
		change(Edit, "E", t("edit"), t("Edit the manifest, then diff and confirm."), core.VerbEdit, text.Safe{}),
		change(Remove, "X", t("delete"), t("Delete or remove the object."), core.VerbDelete, text.Safe{}),
		change(Undo, "U", t("undo"), t("Undo the last change that has an inverse."), core.VerbUndo, text.Safe{}, Global),
		change(Silence, "!", t("silence"), t("Silence an alert for a while."), core.VerbSilence, withAlerts),
	}, append(textTable(), append(viewTable(), dialogTable()...)...)...)
}

// change is a command that opens a plan. Its contexts are those of an object
// if none are named.
func change(id, key string, title, help text.Safe, verb string, planned text.Safe, ctxs ...Context) Command {
	c := Command{ID: id, Keys: []string{key}, Title: title, Help: help, Group: Changes, Contexts: about, Changes: true, Verb: verb, Planned: planned}
	if len(ctxs) > 0 {
		c.Contexts = ctxs
	}
	if c.Exists() {
		c.Hint = 80
	}
	return c
}

// textTable is what logs, documents and charts add; there these keys win over
// what they mean elsewhere.
func textTable() []Command {
	t := text.Lit
	cmds := []Command{
		{ID: Follow, Keys: []string{"f"}, Title: t("follow"), Help: t("Follow the end of the log; scrolling up stops it."), Group: LogText, Contexts: logs, Hint: 10},
		{ID: Wrap, Keys: []string{"w"}, Title: t("wrap"), Help: t("Wrap long lines."), Group: LogText, Contexts: reading, Hint: 12},
		{ID: Timestamps, Keys: []string{"t"}, Title: t("timestamps"), Help: t("Show the time of each line."), Group: LogText, Contexts: logs, Hint: 14},
		{ID: Pretty, Keys: []string{"p"}, Title: t("pretty JSON"), Help: t("Show structured lines field by field."), Group: LogText, Contexts: logs, Hint: 16},
		{ID: Patterns, Keys: []string{"v"}, Title: t("patterns"), Help: t("Fold similar lines into one with a count."), Group: LogText, Contexts: logs, Hint: 18},
		{ID: MatchesOnly, Keys: []string{"x"}, Title: t("matches only"), Help: t("Show only the lines that match the search."), Group: LogText, Contexts: reading},
		{ID: MoreContext, Keys: []string{"+"}, Title: t("more context"), Help: t("One more line around each match."), Group: LogText, Contexts: reading, Hidden: true},
		{ID: LessContext, Keys: []string{"-"}, Title: t("less context"), Help: t("One line less around each match."), Group: LogText, Contexts: reading, Hidden: true},
		{ID: MarkLine, Keys: []string{"m"}, Title: t("mark line"), Help: t("Write a line into the view, to find the place again."), Group: LogText, Contexts: logs},
		{ID: Save, Keys: []string{"s"}, Title: t("save"), Help: t("Save the text to a file that only you can read."), Group: LogText, Contexts: reading},
		{ID: FoldGroup, Keys: []string{"o", "enter"}, Title: t("open, close group"), Help: t("Show or hide the lines of the group at the current line: the sections of a pipeline's log."), Group: LogText, Contexts: logs},
		{ID: FoldAll, Keys: []string{"="}, Title: t("open, close all groups"), Help: t("Show the lines of all groups; again: only their titles."), Group: LogText, Contexts: logs},
		{ID: GroupNext, Keys: []string{"}"}, Title: t("next group"), Help: t("To the title of the next group."), Group: LogText, Contexts: logs, Hidden: true},
		{ID: GroupPrev, Keys: []string{"{"}, Title: t("previous group"), Help: t("To the title of the previous group."), Group: LogText, Contexts: logs, Hidden: true},
		{ID: ZoomIn, Keys: []string{"+"}, Title: t("shorter range"), Help: t("Show a shorter time range."), Group: TimeRange, Contexts: charts, Hint: 10, Hidden: true},
		{ID: ZoomOut, Keys: []string{"-"}, Title: t("longer range"), Help: t("Show a longer time range."), Group: TimeRange, Contexts: charts, Hint: 12, Hidden: true},
	}
	for _, r := range []struct {
		key, arg    string
		title, help text.Safe
	}{
		{"0", "tail", t("tail"), t("The last lines, and what follows.")},
		{"1", "all", t("from the start"), t("Everything that the system still has.")},
		{"2", "1m", t("last minute"), t("The last minute.")},
		{"3", "5m", t("last 5 minutes"), t("The last 5 minutes.")},
		{"4", "15m", t("last 15 minutes"), t("The last 15 minutes.")},
		{"5", "30m", t("last 30 minutes"), t("The last 30 minutes.")},
		{"6", "1h", t("last hour"), t("The last hour.")},
		{"7", "3h", t("last 3 hours"), t("The last 3 hours.")},
		{"8", "12h", t("last 12 hours"), t("The last 12 hours.")},
		{"9", "24h", t("last day"), t("The last 24 hours.")},
	} {
		cmds = append(cmds, Command{ID: "since-" + r.arg, Keys: []string{r.key}, Title: r.title, Help: r.help, Group: TimeRange, Contexts: logs, Arg: r.arg, Hidden: true})
	}
	return cmds
}

// viewTable is the numbered views. Where digits mean something else (the time
// range of a log), alt and the digit still work.
func viewTable() []Command {
	t := text.Lit
	var cmds []Command
	for _, v := range []struct {
		digit, name string
		title, help text.Safe
		planned     text.Safe
	}{
		{"1", "cockpit", t("Cockpit"), t("Builds, pods, logs and metrics at one glance."), text.Safe{}},
		{"2", "builds", t("Builds"), t("Pipelines and their runs."), text.Safe{}},
		{"3", "workloads", t("Workloads"), t("What runs in the clusters."), text.Safe{}},
		{"4", "containers", t("Containers"), t("What runs on the container hosts."), text.Safe{}},
		{"5", "logs", t("Logs"), t("Logs over the whole screen."), text.Safe{}},
		{"6", "metrics", t("Metrics"), t("Charts over the whole screen."), text.Safe{}},
		{"7", "changes", t("Changes"), t("Who changed what, when."), withChains},
		{"8", "infra", t("Infra"), t("Stacks, workspaces, playbooks."), withInfra},
		{"9", "improve", t("Improve"), t("What would make the system better."), withChains},
	} {
		cmds = append(cmds, Command{ID: ViewID(v.name), Keys: []string{v.digit, "alt+" + v.digit}, Title: v.title, Help: v.help, Group: Views, Contexts: anywhere, Arg: v.name, Planned: v.planned})
	}
	return cmds
}

// dialogTable is the answers in dialogs and the keys while typing. Accept and
// Yes are the one place where a lower-case key lets a change happen: they
// answer a plan that stands on the screen, as its environment's policy asks.
func dialogTable() []Command {
	t := text.Lit
	return []Command{
		{ID: Accept, Keys: []string{"enter"}, Title: t("accept"), Help: t("Choose, or accept what was typed."), Group: Answer, Contexts: []Context{Dialog, Palette, Prompt}, Hint: 10, Hidden: true},
		{ID: Yes, Keys: []string{"y"}, Title: t("yes"), Help: t("Confirm the plan on the screen."), Group: Answer, Contexts: dialogs, Hidden: true},
		{ID: Dismiss, Keys: []string{"esc", "q", "n"}, Title: t("cancel"), Help: t("Close; nothing happens."), Group: Answer, Contexts: dialogs, Hint: 12, Hidden: true},
		{ID: FieldNext, Keys: []string{"tab"}, Title: t("next field"), Help: t("To the next field."), Group: Answer, Contexts: dialogs, Hidden: true},
		{ID: FieldPrev, Keys: []string{"shift+tab"}, Title: t("previous field"), Help: t("To the previous field."), Group: Answer, Contexts: dialogs, Hidden: true},
		{ID: ItemUp, Keys: []string{"up", "ctrl+p"}, Title: t("previous entry"), Help: t("The entry above; in a prompt: what was typed before."), Group: Answer, Contexts: typing, Hidden: true},
		{ID: ItemDown, Keys: []string{"down", "ctrl+n"}, Title: t("next entry"), Help: t("The entry below."), Group: Answer, Contexts: typing, Hidden: true},
		{ID: Complete, Keys: []string{"tab"}, Title: t("complete"), Help: t("Complete what was typed."), Group: Answer, Contexts: typing, Hint: 14, Hidden: true},
		{ID: InputClose, Keys: []string{"esc"}, Title: t("close"), Help: t("Close; an empty filter shows everything."), Group: Answer, Contexts: typing, Hint: 12, Hidden: true},
	}
}
