// Package core is the vocabulary of the cockpit: what every room calls the
// things it talks about. It knows no system, no SDK and no screen.
package core

import (
	"cmp"
	"strings"
)

// Ref identifies one object for its whole life. It is comparable and can be
// a map key. The fields are raw strings as the system spells them: they are
// for requests and comparisons, never drawn without text.Clean.
type Ref struct {
	Source    string `json:"source"`              // source id: "kube", "docker"
	Scope     string `json:"scope"`               // cluster context, docker host, server; never empty in a published Resource
	Kind      string `json:"kind"`                // singular, lower case: "pod"
	Namespace string `json:"namespace,omitempty"` // empty for objects without one
	Name      string `json:"name"`
	UID       string `json:"uid,omitempty"` // the system's own id of this life of the object
}

// IsZero reports whether r refers to nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// String is the textual form of the command line:
// source[:scope]/kind/[namespace/]name. It is raw text.
func (r Ref) String() string {
	var b strings.Builder
	b.WriteString(r.Source)
	if r.Scope != "" {
		b.WriteString(":" + r.Scope)
	}
	b.WriteString("/" + r.Path())
	return b.String()
}

// Path is kind/[namespace/]name, without source and scope. It is raw text.
func (r Ref) Path() string {
	if r.Namespace != "" {
		return r.Kind + "/" + r.Namespace + "/" + r.Name
	}
	return r.Kind + "/" + r.Name
}

// Instance is the source instance that the object lives in.
func (r Ref) Instance() Instance { return Instance{r.Source, r.Scope} }

// SameObject reports whether both refer to the same place (all but UID).
func (r Ref) SameObject(o Ref) bool {
	r.UID, o.UID = "", ""
	return r == o
}

// Compare orders by source, scope, kind, namespace, name, UID.
func (r Ref) Compare(o Ref) int {
	return cmp.Or(cmp.Compare(r.Source, o.Source), cmp.Compare(r.Scope, o.Scope), cmp.Compare(r.Kind, o.Kind),
		cmp.Compare(r.Namespace, o.Namespace), cmp.Compare(r.Name, o.Name), cmp.Compare(r.UID, o.UID))
}

// Instance names one running source: a source id and its scope
// (cluster context, docker host). Comparable.
type Instance struct {
	Source string `json:"id"`
	Scope  string `json:"scope"`
}

// String is source:scope; raw text.
func (i Instance) String() string { return i.Source + ":" + i.Scope }
