// Command app is the only program of the test image. As a container's main
// program it writes numbered log lines and misbehaves as told by its flags; its
// subcommands serve health checks and exec.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		os.Exit(subcommand(os.Args[1], os.Args[2:]))
	}
	os.Exit(serve())
}

// sickFile makes the health check fail while it exists.
const sickFile = "/tmp/sick"

// subcommand is what exec and health checks call.
func subcommand(name string, args []string) int {
	switch name {
	case "health":
		if _, err := os.Stat(sickFile); err == nil {
			fmt.Println("sick: " + sickFile + " exists")
			return 1
		}
		fmt.Println("well")
	case "sicken":
		if err := os.WriteFile(sickFile, nil, 0o644); err != nil {
			return fail(err)
		}
	case "heal":
		if err := os.Remove(sickFile); err != nil && !os.IsNotExist(err) {
			return fail(err)
		}
	case "echo":
		fmt.Println(strings.Join(args, " "))
	case "env":
		fmt.Println(strings.Join(os.Environ(), "\n"))
	case "cat":
		if _, err := io.Copy(os.Stdout, os.Stdin); err != nil {
			return fail(err)
		}
	case "hold":
		n, err := strconv.Atoi(strings.Join(args, ""))
		if err != nil {
			return fail(err)
		}
		hold(n)
	case "exit":
		code, err := strconv.Atoi(strings.Join(args, ""))
		if err != nil {
			return fail(err)
		}
		return code
	default:
		return fail(fmt.Errorf("unknown subcommand %q", name))
	}
	return 0
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "app:", err)
	return 125
}

func serve() int {
	var (
		name    = flag.String("name", "app", "in every log line")
		rate    = flag.Float64("rate", 1, "log lines a second")
		lines   = flag.Int("lines", 0, "end after that many lines (0: never)")
		warn    = flag.Int("stderr", 5, "every so many-th line goes to stderr (0: none)")
		exit    = flag.Int("exit", 0, "exit code at the end")
		after   = flag.Duration("after", 0, "end after that time (0: never)")
		cpu     = flag.Float64("cpu", 0, "CPU to burn, in cores")
		memory  = flag.Int("mem", 0, "memory that a second process takes and holds, MiB")
		hostile = flag.Bool("hostile", false, "write lines that attack a terminal, once, first")
		ansi    = flag.Bool("ansi", false, "write coloured lines")
		sick    = flag.Bool("sick", false, "fail health checks from the start")
		deaf    = flag.Bool("deaf", false, "ignore SIGTERM")
	)
	flag.Parse()
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM, syscall.SIGINT)
	if *sick {
		if err := os.WriteFile(sickFile, nil, 0o644); err != nil {
			return fail(err)
		}
	}
	if *hostile {
		for _, l := range hostileLines {
			_, _ = fmt.Print(l)
		}
	}
	if *cpu > 0 {
		go burn(*cpu)
	}
	var killed <-chan error
	if *memory > 0 {
		killed = startHolder(*memory)
	}
	var end <-chan time.Time
	if *after > 0 {
		end = time.After(*after)
	}
	w := &writer{name: *name, limit: *lines, stderrEvery: *warn, colour: *ansi, out: bufio.NewWriterSize(os.Stdout, 1<<16)}
	// a tick may have to write several lines, or none
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	start := time.Now()
	for {
		due := int(time.Since(start).Seconds()**rate) + 1 // the first at once
		if *rate <= 0 {
			due = 0
		}
		if w.upTo(due) {
			return *exit
		}
		select {
		case <-tick.C:
		case <-end:
			return *exit
		case err := <-killed:
			fmt.Fprintf(os.Stderr, "name=%s level=error msg=\"worker lost: %v\"\n", *name, err)
			return exitKilled
		case s := <-terminate:
			if !*deaf {
				fmt.Printf("name=%s level=info msg=\"ending on %s\"\n", *name, s)
				return 0
			}
		}
	}
}

// writer writes the lines seq=1, seq=2, … so that a reader can tell gaps and repeats.
type writer struct {
	name               string
	seq                int
	limit, stderrEvery int
	colour             bool
	out                *bufio.Writer
}

// upTo writes lines until seq is n and reports whether the limit is reached.
func (w *writer) upTo(n int) (finished bool) {
	for w.seq < n && (w.limit == 0 || w.seq < w.limit) {
		w.seq++
		if w.stderrEvery > 0 && w.seq%w.stderrEvery == 0 {
			_ = w.out.Flush() // keep the order between the streams
			fmt.Fprintf(os.Stderr, "seq=%d name=%s level=warn msg=\"on stderr\"\n", w.seq, w.name)
			continue
		}
		if w.colour {
			_, _ = fmt.Fprintf(w.out, "\x1b[32mseq=%d\x1b[0m name=%s level=info msg=\"\x1b[1;31mtick\x1b[0m\"\n", w.seq, w.name)
			continue
		}
		_, _ = fmt.Fprintf(w.out, "seq=%d name=%s level=info msg=tick\n", w.seq, w.name)
	}
	_ = w.out.Flush()
	return w.limit > 0 && w.seq >= w.limit
}

// hostileLines are what a log must not be able to do to a terminal: end with
// escapes cut short, set the title, the clipboard, clear, switch the screen,
// ask for answers, hide text, reorder text, and never end.
var hostileLines = []string{
	"hostile \x1b]0;owned title\x07 after\n",
	"hostile \x1b]52;c;b3duZWQ=\x07 after\n",
	"hostile \x1b[2J\x1b[H\x1b[?1049l after\n",
	"hostile \x1b[6n\x1b[c\x1b]11;?\x07 after\n",
	"hostile \x1b]8;;file:///etc/passwd\x1b\\click\x1b]8;;\x1b\\ after\n",
	"hostile \x9b31m\x9d0;title\x9c after\n",
	"hostile \xd6\x1b[5m after\n",
	"hostile \x1b[8mconcealed\x1b[0m after\n",
	"hostile \u202egnp.exe\u202c \u2066x\u2069 after\n",
	"hostile progress 10%\rprogress 90%\rprogress done\n",
	"hostile \x00\x01\x07\x08\x0b\x0c\x7f after\n",
	"hostile \x1b]0;never terminated\n",
	"hostile " + strings.Repeat("long ", 20_000) + "\n",
}

// burn uses the given number of cores, in slices of 10 ms.
func burn(cores float64) {
	for ; cores > 0; cores-- {
		busy := time.Duration(min(cores, 1) * float64(10*time.Millisecond))
		go func() {
			for {
				start := time.Now()
				for time.Since(start) < busy {
				}
				time.Sleep(10*time.Millisecond - busy)
			}
		}()
	}
}
