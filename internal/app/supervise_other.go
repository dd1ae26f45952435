//go:build !unix

package app

import "context"

// link is the connection to a supervising parent, which this system has not.
type link struct{}

func (r *run) supervised() *link { return nil }

func (l *link) child(ctx context.Context, r *run) int { return r.main(ctx) }

func (l *link) restored() {}

func (r *run) supervise(context.Context) (int, bool) { return 0, false }

func canStop() bool { return false }
