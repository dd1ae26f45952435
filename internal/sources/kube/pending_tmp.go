package kube

import (
	"context"

	"devops-tui/internal/core"
)

type kindTable struct{ m map[string]*kind }

func (t *kindTable) init() {
	t.m = map[string]*kind{}
	for _, k := range builtin {
		t.m[k.Name] = k
	}
}
func (t *kindTable) get(n string) *kind { return t.m[n] }

type permits struct{ s *Source }

func newPermits(s *Source) *permits                                       { return &permits{s} }
func (p *permits) forget()                                                {}
func (p *permits) run(context.Context)                                    {}
func (p *permits) namespacesToList(ctx context.Context, k *kind) []string { return nil }
func (r *session) discover(context.Context)                               {}
func (r *session) usage(context.Context)                                  {}
func newTableCodec(k *kind, r *session) codec                             { return nil }

var _ core.Ref
