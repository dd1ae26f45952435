package app

import (
	"fmt"
	"slices"
	"strings"

	"devops-tui/internal/actions"
	verbs "devops-tui/internal/actions/all"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/themes"
)

// verbHelp is what a verb's help says besides its parameters: what it does,
// and lines that work when they are pasted.
var verbHelp = map[string]struct {
	does     string
	examples []string
}{
	core.VerbRestart:  {"starts again what runs: a container, or the pods of a workload one after the other", []string{"restart deployment/shop/api --yes --wait"}},
	core.VerbRerun:    {"lets a run, or what of it failed, go through once more; retries a sync or a rollout", []string{"rerun run/acme/shop/ci/1842 --set failed-only=true --yes --wait"}},
	core.VerbRollback: {"brings back an earlier revision, image or deployment; without to= the newest one before that differs", []string{"rollback deployment/shop/api --choices", "rollback deployment/shop/api --set to=41", "rollback environment/acme/shop/production", "rollback application/argocd/shop --set to=12"}},
	core.VerbCancel:   {"ends a run, a job, a sync; aborts a rollout", []string{"cancel run/acme/shop/ci/1842"}},
	core.VerbApprove:  {"lets what waits for a human go on: an environment, an input, a manual job, a rollout's pause", []string{"approve run/acme/shop/deploy/77 --choices", "approve run/acme/shop/deploy/77 --set gate=production --set comment=go"}},
	core.VerbReject:   {"says no to what waits for a human", []string{"reject run/acme/shop/deploy/77 --set comment='not on Friday'"}},
	core.VerbDeploy:   {"brings something new: an image, a manifest, a run of a cron job or a workflow, a sync, a Compose project", []string{"deploy workflow/acme/shop/deploy --set ref=main --set input.environment=staging", "deploy application/argocd/shop --set prune=true", "deploy deployment/shop/api --set image=app=registry.example/api:1.4", "deploy namespace/shop --set file=shop.yaml", "deploy project/shop --set pull=true"}},
	core.VerbScale:    {"sets the number of replicas", []string{"scale deployment/shop/api --set replicas=6"}},
	core.VerbStop:     {"ends what runs; it stays ended", []string{"stop container/web-1 --set grace=30"}},
	core.VerbStart:    {"starts what is stopped", []string{"start container/web-1"}},
	core.VerbKill:     {"sends a signal", []string{"kill container/web-1 --set signal=HUP"}},
	core.VerbPause:    {"holds a rollout, a schedule or a container", []string{"pause cronjob/shop/report"}},
	core.VerbResume:   {"lets go on what is held", []string{"resume deployment/shop/api"}},
	core.VerbCordon:   {"keeps new pods from a node", []string{"cordon node/worker-2"}},
	core.VerbUncordon: {"lets a node take pods again", []string{"uncordon node/worker-2"}},
	core.VerbDrain:    {"empties a node as the disruption budgets allow", []string{"drain node/worker-2 --set delete-emptydir=true --wait"}},
	core.VerbEdit:     {"changes a definition: in $EDITOR, or as it stands in a file", []string{"edit deployment/shop/api", "edit deployment/shop/api --set file=api.yaml"}},
	core.VerbDelete:   {"takes an object away; the plan says whether it can come back", []string{"delete deployment/shop/api --set cascade=foreground"}},
	core.VerbPrune:    {"takes away what is unused; the plan lists it", []string{"prune host/laptop --choices", "prune host/laptop --set what=images"}},
	core.VerbShell:    {"opens a shell, or runs one program, in a container", []string{"shell pod/shop/api-1", "shell pod/shop/api-1 -- cat /etc/hosts"}},
	core.VerbForward:  {"leads a local port to an object's until ctrl+c", []string{"port-forward service/shop/api --set port=8080:80"}},
	core.VerbCopy:     {"copies a file or folder into a container (to=:PATH) or out of it (from=:PATH)", []string{"copy pod/shop/api-1 --set from=:/tmp/heap.out --set to=."}},
	core.VerbUndo:     {"plans the inverse of a change in the journal; without ID of the last one that has one", []string{"undo", "undo 01J8"}},
}

// paramHelp says more of a parameter than its title.
var paramHelp = map[string]string{
	core.VerbRollback + " to":      "revision, history id or image",
	core.VerbRollback + " via":     "the mechanism, where --choices offers several: helm, compose",
	core.VerbDeploy + " image":     "[CONTAINER=]REFERENCE",
	core.VerbDeploy + " container": "whose image it is, where there are several",
	core.VerbDeploy + " file":      "manifest, kustomization folder",
	core.VerbDeploy + " ref":       "branch, tag or commit of what is dispatched",
	core.VerbDeploy + " revision":  "of what is synced",
	core.VerbDeploy + " input.":    "an input of what is dispatched",
	core.VerbDeploy + " option":    "switches that --choices offers: pull=true",
	core.VerbRollback + " option":  "switches that --choices offers: auto-sync=off",
	core.VerbRerun + " option":     "switches that --choices offers",
	core.VerbCancel + " option":    "switches that --choices offers",
	core.VerbApprove + " gate":     "names from --choices, separated by commas; without it all that wait for you",
	core.VerbApprove + " comment":  "kept by the system",
	core.VerbApprove + " input.":   "what the gate asks",
	core.VerbApprove + " option":   "switches that --choices offers: full=true",
	core.VerbReject + " gate":      "names from --choices, separated by commas; without it all that wait for you",
	core.VerbReject + " comment":   "kept by the system",
	core.VerbScale + " replicas":   "how many there shall be",
	core.VerbEdit + " file":        "the edited definition; without it $EDITOR opens",
	core.VerbPrune + " what":       "names from --choices, separated by commas",
	core.VerbShell + " container":  "which one, where there are several",
	core.VerbShell + " command":    "a program instead of a shell, quoted as for a shell",
	core.VerbShell + " debug":      "image of a debug container that is added first",
	core.VerbForward + " port":     "[[HOST:]LOCAL:]REMOTE, as in 8080:http; LOCAL 0 or none: any free one",
	core.VerbCopy + " from":        "a path here, or :PATH inside",
	core.VerbCopy + " to":          "a path here, or :PATH inside",
	core.VerbCopy + " container":   "which one, where there are several",
}

// paramText says what a parameter is.
func paramText(verb string, p actions.Param) text.Safe {
	if s, ok := paramHelp[verb+" "+p.Name]; ok {
		return text.Clean(s)
	}
	return p.Title
}

// actTopic is `act VERB --help`.
func actTopic(r *run, words []string) bool {
	if len(words) == 0 || !slices.Contains(verbNames(), words[0]) {
		return false
	}
	name, about := words[0], verbHelp[words[0]]
	usage := "act " + name + " REF… [--set NAME=VALUE]…"
	switch name {
	case core.VerbUndo:
		usage = "act undo [ID]"
	case core.VerbShell:
		usage = "act shell REF [--set NAME=VALUE]… [-- COMMAND…]"
	case core.VerbEdit:
		usage = "act edit REF [--set file=FILE]"
	}
	w := r.stdout
	fmt.Fprintf(w, "%s: %s.\n\nUsage:\n  devops-tui %s [flags]\n", name, about.does, usage)
	if params := shownParams(name); len(params) > 0 {
		fmt.Fprint(w, "\nParameters (--set NAME=VALUE):\n")
		rows := [][]field{}
		for _, p := range params {
			rows = append(rows, []field{plainField(text.Lit(" ")), plainField(text.Clean(paramName(p))), plainField(paramText(name, p)), plainField(paramValues(p))})
		}
		painter{}.printTable(w, rows)
		fmt.Fprintf(w, "\nWhat can be chosen for an object: devops-tui act %s REF --choices\n", name)
	}
	for _, v := range verbs.Verbs() {
		switch {
		case v.ID != name:
		case v.Key != "":
			fmt.Fprintf(w, "\nIn the cockpit: %s.\n", v.Key)
		case v.Group != "":
			for _, g := range verbs.Verbs() {
				if g.ID == v.Group {
					fmt.Fprintf(w, "\nIn the cockpit: %s, then the choice.\n", g.Key)
				}
			}
		default:
			fmt.Fprint(w, "\nIn the cockpit: the menu of the key a.\n")
		}
	}
	fmt.Fprint(w, "\nFor example:\n")
	for _, e := range about.examples {
		fmt.Fprintf(w, "  devops-tui act %s\n", e)
	}
	fmt.Fprint(w, "\ndevops-tui act --help tells the flags.\n")
	return true
}

// shownParams are the parameters of a verb that a user gives.
func shownParams(verb string) []actions.Param {
	for _, v := range verbs.Verbs() {
		if v.ID == verb {
			return slices.DeleteFunc(slices.Clone(v.Params), func(p actions.Param) bool { return p.Private })
		}
	}
	return nil
}

func paramName(p actions.Param) string {
	switch {
	case p.Family:
		return p.Name + "NAME"
	case p.Further:
		return "…"
	}
	return p.Name
}

// paramValues are what a parameter takes, and its default.
func paramValues(p actions.Param) text.Safe {
	var out []string
	switch {
	case len(p.Values) > 0:
		out = append(out, strings.Join(p.Values, "|"))
	case p.Type == core.FieldBool:
		out = append(out, "true|false")
	case p.Type == core.FieldNumber && (p.Min != 0 || p.Max != 0):
		out = append(out, fmt.Sprintf("%d to %d", p.Min, p.Max))
	case p.Type == core.FieldNumber:
		out = append(out, "a whole number")
	case p.Type == core.FieldFile:
		out = append(out, "a path")
	}
	if p.Default != "" {
		out = append(out, "default "+p.Default)
	}
	if p.Required {
		out = append(out, "required")
	}
	return text.Clean(strings.Join(out, ", "))
}

// setNames are the words that --set takes for a verb, for completions.
func setNames(verb string) []string {
	var out []string
	for _, p := range shownParams(verb) {
		switch {
		case p.Further:
		case p.Family:
			out = append(out, p.Name)
		default:
			out = append(out, p.Name+"=")
		}
	}
	return out
}

// headings is a table's first row.
func headings(titles ...text.Safe) []field {
	out := make([]field, len(titles))
	for i, t := range titles {
		out[i] = field{text: t, tok: themes.Header}
	}
	return out
}
