package app

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// interruptible is ctx until ctrl+c or SIGTERM; a second one ends the process.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
