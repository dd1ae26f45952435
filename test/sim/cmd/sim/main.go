// Command sim runs the simulators on the loopback, with worlds that live by
// themselves, to look at pipelines without an account anywhere:
//
//	go run ./test/sim/cmd/sim            # prints the command that looks at them
//	go run ./test/sim/cmd/sim -speed 10  # a busy day
//	go run ./test/sim/cmd/sim -only github,argocd
//
// It writes a configuration and the tokens of the simulators into a folder of
// its own, which goes when it ends, and serves until it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"devops-tui/test/sim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("sim", flag.ContinueOnError)
	speed := flags.Float64("speed", 1, "how fast the worlds live")
	only := flags.String("only", "", "names of simulators, with commas between; empty: all")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "devops-tui-sim")
	if err != nil {
		return fmt.Errorf("make a folder for the configuration: %w", err)
	}
	defer os.RemoveAll(dir)
	var sections []string
	for _, w := range worlds() {
		if *only != "" && !named(*only, w.name) {
			continue
		}
		server, err := sim.Serve(w.handler, sim.Options{})
		if err != nil {
			return err
		}
		defer server.Stop()
		token := filepath.Join(dir, w.name+".token")
		if err := os.WriteFile(token, []byte(w.token), 0o600); err != nil {
			return fmt.Errorf("write the token: %w", err)
		}
		section, err := w.section(server.URL, token)
		if err != nil {
			return err
		}
		if w.stop != nil {
			defer w.stop()
		}
		sections = append(sections, section)
		go w.play(ctx, *speed)
		fmt.Fprintf(out, "%-8s %s\n", w.name, server.URL)
	}
	if sections == nil {
		return fmt.Errorf("no simulator is called %s", *only)
	}
	config := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(config, []byte("sources:\n"+strings.Join(sections, "")), 0o600); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	fmt.Fprintf(out, "\ndevops-tui --config %s\n", config)
	<-ctx.Done()
	return nil
}

func named(list, name string) bool {
	for n := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(n) == name {
			return true
		}
	}
	return false
}
