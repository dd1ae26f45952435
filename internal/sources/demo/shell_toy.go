package demo

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// toyShell is what the demo has for a shell.
type toyShell struct {
	cell    *cell
	source  *Source
	out     io.Writer
	newline string
	size    func() (width, height int)
	dir     string
	status  int
	over    bool
	failed  error // of the terminal
}

func (sh *toyShell) write(s string) {
	if _, err := io.WriteString(sh.out, s); err != nil && sh.failed == nil {
		sh.failed, sh.over = fmt.Errorf("write to the terminal: %w", err), true
	}
}

func (sh *toyShell) print(format string, args ...any) {
	sh.write(fmt.Sprintf(format, args...) + sh.newline)
}

// script runs the commands of a line: a; b && c.
func (sh *toyShell) script(ctx context.Context, line string) {
	for _, part := range strings.Split(line, ";") {
		for i, command := range strings.Split(part, "&&") {
			words := strings.Fields(command)
			if sh.over || len(words) == 0 || i > 0 && sh.status != 0 {
				break
			}
			sh.run(ctx, words)
		}
	}
}

// files are the files of every container.
func (sh *toyShell) files() map[string]string {
	c := sh.cell
	return map[string]string{
		"/etc/hostname":     c.host,
		"/etc/os-release":   "NAME=\"Demo Linux\"\nID=demo\nPRETTY_NAME=\"Demo Linux, invented\"",
		"/app/" + c.program: "(a program)",
		"/app/README":       "This file system is made up. The service is " + c.program + ", from image " + c.image + ".",
		"/app/VERSION":      c.image,
		"/proc/1/comm":      c.program,
		"/tmp/.keep":        "",
	}
}

// list are the names in a folder, folders with a slash behind them.
func (sh *toyShell) list(dir string) []string {
	names := map[string]bool{}
	prefix := strings.TrimSuffix(dir, "/") + "/"
	for f := range sh.files() {
		if rest, ok := strings.CutPrefix(f, prefix); ok {
			if d, _, deep := strings.Cut(rest, "/"); deep {
				names[d+"/"] = true
			} else if rest[0] != '.' {
				names[rest] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (sh *toyShell) at(name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(sh.dir, name)
}

const toyHelp = "cat cd date echo env exit false help hostname ls ps pwd stty true uname whoami; sh -c 'a; b && c'"

// run runs one command and sets the status.
func (sh *toyShell) run(ctx context.Context, words []string) {
	name, args := words[0], words[1:]
	before := sh.status
	sh.status = 0
	switch name {
	case "exit":
		sh.over, sh.status = true, before
		if len(args) > 0 {
			n, err := strconv.Atoi(args[0])
			if err != nil {
				n = 2
			}
			sh.status = n & 0xff
		}
	case "sh", "bash", "/bin/sh":
		if len(args) >= 2 && args[0] == "-c" {
			sh.script(ctx, strings.Trim(strings.Join(args[1:], " "), `'"`))
			sh.over = false
		}
	case "help":
		sh.print("%s", toyHelp)
	case "echo":
		for i, a := range args {
			a = strings.Trim(a, `"'`)
			if a == "$?" {
				a = strconv.Itoa(before)
			} else if v, ok := strings.CutPrefix(a, "$"); ok {
				a = sh.cell.env[v]
			}
			args[i] = a
		}
		sh.print("%s", strings.Join(args, " "))
	case "true":
	case "false":
		sh.status = 1
	case "pwd":
		sh.print("%s", sh.dir)
	case "hostname":
		sh.print("%s", sh.cell.host)
	case "whoami":
		sh.print("nonroot")
	case "uname":
		sh.print("Linux")
	case "date":
		sh.source.w.lock()
		now := sh.source.w.now
		sh.source.w.mu.Unlock()
		sh.print("%s", now.UTC().Format("Mon Jan _2 15:04:05 UTC 2006"))
	case "env":
		for _, k := range slices.Sorted(maps.Keys(sh.cell.env)) {
			sh.print("%s=%s", k, sh.cell.env[k])
		}
		sh.print("DB_PASSWORD=<redacted>")
	case "ps":
		sh.print("  PID USER     COMMAND")
		sh.print("    1 nonroot  %s", sh.cell.program)
		sh.print("   42 nonroot  sh")
		sh.print("   43 nonroot  ps")
	case "stty":
		if len(args) == 1 && args[0] == "size" && sh.size != nil {
			w, h := sh.size()
			sh.print("%d %d", h, w)
			return
		}
		sh.print("stty: not a terminal")
		sh.status = 1
	case "ls", "cd", "cat":
		sh.look(name, args)
	default:
		sh.print("sh: %s: not found", name)
		sh.status = 127
	}
}

// look is ls, cd and cat.
func (sh *toyShell) look(name string, args []string) {
	args = slices.DeleteFunc(args, func(a string) bool { return strings.HasPrefix(a, "-") })
	if len(args) == 0 {
		switch name {
		case "cat":
			sh.print("cat: a file is missing")
			sh.status = 1
			return
		case "cd":
			args = []string{sh.cell.workdir}
		default:
			args = []string{sh.dir}
		}
	}
	for _, a := range args {
		file := sh.at(a)
		content, isFile := sh.files()[file]
		below := sh.list(file)
		switch {
		case name == "cat" && isFile:
			for _, l := range strings.Split(content, "\n") {
				sh.print("%s", l)
			}
		case name == "ls" && isFile:
			sh.print("%s", a)
		case name == "ls" && len(below) > 0:
			for _, n := range below {
				sh.print("%s", n)
			}
		case name == "cd" && len(below) > 0:
			sh.dir = file
		default:
			sh.print("%s: %s: No such file or directory", name, a)
			sh.status = 1
		}
	}
}
