package argo

import (
	"slices"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Resolve finds the object that a resource of an application is; a zero ref:
// it has no page here.
type Resolve func(group, version, kind, namespace, name string) core.Ref

func (f Resolve) ref(group, version, kind, namespace, name string) core.Ref {
	if f == nil {
		return core.Ref{}
	}
	return f(group, version, kind, namespace, name)
}

// Outline is what an application is made of: the operation that goes on or
// went wrong, then the managed resources, with how each stands. tree may be nil: what
// the resources made in turn is known to Argo CD's API server only.
func (a *Application) Outline(tree *Tree, resolve Resolve) core.Outline {
	out := core.Outline{Nodes: a.operationNodes(resolve)}
	if a.Operation != nil && !a.Status.State.Busy() {
		out.Note = text.Lit("a sync is asked for; the application controller has not begun")
	}
	if len(a.Status.Resources) == 0 && a.Status.Sync.Status == "" {
		out.Note = text.Lit("no application controller has looked at it yet")
	}
	below, told := tree.children(), map[nodeKey]bool{}
	for i := range a.Status.Resources {
		r := &a.Status.Resources[i]
		n := core.Node{
			Ref: resolve.ref(r.Group, r.Version, r.Kind, r.Namespace, r.Name), Title: resourceTitle(r.Kind, r.Namespace, r.Name),
			Phase: r.phase(), Reason: r.words(),
		}
		if r.Health != nil {
			n.Message = text.CleanLong(r.Health.Message)
		}
		switch {
		case r.RequiresPruning:
			n.Info = text.Lit("not in Git any more: pruned if asked")
		case r.Hook:
			n.Info = text.Lit("hook")
		case r.SyncWave != 0:
			n.Info = text.Sprintf("wave %d", r.SyncWave)
		}
		out.Nodes = append(out.Nodes, n)
		out.Nodes = append(out.Nodes, below.under(nodeKey{r.Group, r.Kind, r.Namespace, r.Name}, 1, resolve, told)...)
	}
	return out
}

func resourceTitle(kind, namespace, name string) text.Safe {
	if namespace == "" {
		return text.Sprintf("%s %s", kind, name)
	}
	return text.Sprintf("%s %s/%s", kind, namespace, name)
}

func (r *ResourceStatus) phase() core.Phase {
	health := ""
	if r.Health != nil {
		health = r.Health.Status
	}
	switch p := healthPhase(health); {
	case p == core.Failed || p == core.Pending:
		return p
	case r.Status == "OutOfSync":
		return core.Degraded
	case r.Status == "Synced" && health == "":
		return core.Running // kinds without health have it when they are as Git says
	case r.Status == "Unknown" && p == core.Running:
		return core.Unknown
	default:
		return p
	}
}

func healthPhase(status string) core.Phase {
	switch status {
	case "Healthy":
		return core.Running
	case "Progressing", "Suspended":
		return core.Pending
	case "Degraded", "Missing":
		return core.Failed
	}
	return core.Unknown
}

// words are both of Argo CD's words for a resource.
func (r *ResourceStatus) words() text.Safe {
	words := []string{}
	if r.Status != "" {
		words = append(words, r.Status)
	}
	if r.Health != nil && r.Health.Status != "" {
		words = append(words, r.Health.Status)
	}
	return text.Clean(strings.Join(words, ", "))
}

// operationNodes are the operation that goes on or went wrong, with what it did.
func (a *Application) operationNodes(resolve Resolve) []core.Node {
	s := a.Status.State
	if s == nil || !s.Busy() && !s.Bad() {
		return nil
	}
	phase := core.Pending
	if s.Bad() {
		phase = core.Failed
	}
	n := core.Node{
		Title: text.Lit("Sync"), Phase: phase, Reason: text.Clean(s.Phase), Message: text.CleanLong(s.Message),
		Started: s.StartedAt.Nano(), Ended: s.FinishedAt.Nano(),
	}
	if rev := Revisions(s.SyncResult.All()); rev != "" {
		n.Title = text.Sprintf("Sync to %s", rev)
	}
	switch who := s.Operation.InitiatedBy.Who(); {
	case s.RetryCount > 0:
		n.Info = text.Sprintf("retry %d", s.RetryCount)
	case who != "":
		n.Info = text.Sprintf("by %s", who)
	}
	out := []core.Node{n}
	if s.SyncResult == nil {
		return out
	}
	for i := range s.SyncResult.Resources {
		r := &s.SyncResult.Resources[i]
		c := core.Node{
			Ref: resolve.ref(r.Group, r.Version, r.Kind, r.Namespace, r.Name), Depth: 1, Title: resourceTitle(r.Kind, r.Namespace, r.Name),
			Phase: core.Pending, Reason: text.Clean(r.Status), Message: text.CleanLong(r.Message), Info: text.Clean(r.SyncPhase),
		}
		if c.Reason.Empty() {
			c.Reason = text.Clean(r.HookPhase)
		}
		switch {
		case r.Bad():
			c.Phase = core.Failed
		case r.Over() || r.Status == "Synced" || r.Status == "Pruned":
			c.Phase = core.Succeeded
		}
		out = append(out, c)
	}
	return out
}

// Revisions is a revision, or several, as drawn.
func Revisions(all []string) string {
	shown := make([]string, 0, len(all))
	for _, r := range all {
		if r != "" {
			shown = append(shown, Short(r))
		}
	}
	return strings.Join(shown, ", ")
}

// Tree is the answer of GET /api/v1/applications/NAME/resource-tree.
type Tree struct {
	Nodes    []TreeNode `json:"nodes"`
	Orphaned []TreeNode `json:"orphanedNodes"`
}

// TreeNode is one object of the tree.
type TreeNode struct {
	Group     string     `json:"group"`
	Version   string     `json:"version"`
	Kind      string     `json:"kind"`
	Namespace string     `json:"namespace"`
	Name      string     `json:"name"`
	UID       string     `json:"uid"`
	Parents   []TreeNode `json:"parentRefs"`
	Info      []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"info"`
	Images  []string `json:"images"`
	Health  *Health  `json:"health"`
	Created Time     `json:"createdAt"`
}

// DecodeTree reads a resource tree.
func DecodeTree(b []byte) (*Tree, error) {
	var t Tree
	if err := decode("resource tree", b, &t); err != nil {
		return nil, err
	}
	return &t, nil
}

type nodeKey struct{ group, kind, namespace, name string }

func (n *TreeNode) key() nodeKey { return nodeKey{n.Group, n.Kind, n.Namespace, n.Name} }

// offspring are the tree's nodes by their parent.
type offspring map[nodeKey][]*TreeNode

func (t *Tree) children() offspring {
	if t == nil {
		return nil
	}
	out := offspring{}
	for i := range t.Nodes {
		for j := range t.Nodes[i].Parents {
			k := t.Nodes[i].Parents[j].key()
			out[k] = append(out[k], &t.Nodes[i])
		}
	}
	for _, l := range out {
		slices.SortStableFunc(l, func(a, b *TreeNode) int { // the newest first: what runs now
			return b.Created.Compare(a.Created.Time)
		})
	}
	return out
}

// maxDepth bounds how deep a tree is shown.
const maxDepth = 12

// under are the nodes below key. Each is told once, below the first of its
// parents: so a circle ends too.
func (o offspring) under(key nodeKey, depth int, resolve Resolve, told map[nodeKey]bool) []core.Node {
	if depth > maxDepth {
		return nil
	}
	told[key] = true
	var out []core.Node
	for _, n := range o[key] {
		if told[n.key()] {
			continue
		}
		node := core.Node{
			Ref: resolve.ref(n.Group, n.Version, n.Kind, n.Namespace, n.Name), Depth: depth, Title: resourceTitle(n.Kind, n.Namespace, n.Name),
			Phase: core.Running, Info: n.info(), Started: n.Created.Nano(),
		}
		if n.Health != nil {
			node.Phase, node.Reason, node.Message = healthPhase(n.Health.Status), text.Clean(n.Health.Status), text.CleanLong(n.Health.Message)
		}
		if n.UID != "" && !node.Ref.IsZero() {
			node.Ref.UID = n.UID
		}
		below := o.under(n.key(), depth+1, resolve, told)
		// a replica set without pods is an old one
		node.Closed = n.Kind == "ReplicaSet" && len(below) == 0
		out = append(append(out, node), below...)
	}
	return out
}

func (n *TreeNode) info() text.Safe {
	var parts []string
	for _, i := range n.Info {
		switch i.Name {
		case "Status Reason", "Containers", "Revision", "Node", "Restart Count":
			parts = append(parts, i.Value)
		}
	}
	if len(parts) == 0 {
		parts = n.Images
	}
	return text.Clean(strings.Join(parts, ", "))
}
