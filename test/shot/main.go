// Command shot runs a program in a pseudo-terminal, types into it, and writes
// what is on the screen then as an SVG: the README's pictures are real
// sessions, made again with `make screenshots`.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

func main() {
	out := flag.String("out", "", "SVG file to write")
	cols := flag.Int("cols", 150, "columns")
	rows := flag.Int("rows", 42, "rows")
	typed := flag.String("keys", "", "keys to type, separated by spaces; wait=2s waits, any other word is sent as it is (enter, esc, tab are known)")
	settle := flag.Duration("settle", 8*time.Second, "how long the program runs before the first key")
	flag.Parse()
	if *out == "" || flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: shot -out FILE [-keys ...] PROGRAM [ARG ...]")
		os.Exit(64)
	}
	if err := run(*out, *cols, *rows, *typed, *settle, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "shot:", err)
		os.Exit(1)
	}
}

func run(out string, cols, rows int, typed string, settle time.Duration, argv []string) error {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "COLORTERM=truecolor")
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)})
	if err != nil {
		return err
	}
	defer tty.Close()
	screen := vt10x.New(vt10x.WithSize(cols, rows), vt10x.WithWriter(io.Discard))
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 64<<10)
		for {
			n, err := tty.Read(buf)
			_, _ = screen.Write(buf[:n])
			if err != nil {
				return
			}
		}
	}()
	time.Sleep(settle)
	for _, k := range strings.Fields(typed) {
		if d, ok := strings.CutPrefix(k, "wait="); ok {
			w, err := time.ParseDuration(d)
			if err != nil {
				return err
			}
			time.Sleep(w)
			continue
		}
		if _, err := tty.WriteString(key(k)); err != nil {
			return err
		}
		time.Sleep(300 * time.Millisecond)
	}
	time.Sleep(time.Second)
	screen.Lock()
	svg := draw(screen, cols, rows)
	screen.Unlock()
	_ = cmd.Process.Signal(os.Interrupt)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	<-done
	return os.WriteFile(out, []byte(svg), 0o644)
}

func key(s string) string {
	switch s {
	case "enter":
		return "\r"
	case "esc":
		return "\x1b"
	case "tab":
		return "\t"
	case "down":
		return "\x1b[B"
	case "space":
		return " "
	}
	return s
}
