package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// executable is this program: by its name, so that ps shows it, or as the
// kernel holds it when its file is gone.
func executable() string {
	if path, err := os.Executable(); err == nil {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return "/proc/self/exe"
}

// childAttr lets the child end in an orderly way when the parent dies: there
// is nobody else then who restores the terminal.
func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }

// adopt makes this process the parent of what the child leaves behind.
func adopt() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// endOrphans ends the processes that the child left behind. What has left our
// session has done so on purpose (an agent, a connection that is shared).
func endOrphans() {
	self := os.Getpid()
	for range 10 {
		if _, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err == unix.ECHILD {
			return
		}
		found := false
		stats, _ := filepath.Glob("/proc/[0-9]*/stat")
		for _, path := range stats {
			p, ok := readStat(path)
			if ok && p.parent == self && p.session == session() {
				found = true
				_ = unix.Kill(p.pid, unix.SIGKILL)
			}
		}
		if !found {
			return
		}
		time.Sleep(2 * time.Millisecond) // until they are gone and theirs are ours
	}
}

func session() int {
	s, _ := unix.Getsid(0)
	return s
}

type process struct{ pid, parent, session int }

// readStat reads proc(5) stat: "pid (name) state ppid pgrp session …".
func readStat(path string) (process, bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return process{}, false
	}
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 1 || end < open {
		return process{}, false
	}
	f := bytes.Fields(b[end+1:])
	if len(f) < 4 {
		return process{}, false
	}
	pid, e1 := strconv.Atoi(string(bytes.TrimSpace(b[:open])))
	parent, e2 := strconv.Atoi(string(f[1]))
	sid, e3 := strconv.Atoi(string(f[3]))
	return process{pid, parent, sid}, e1 == nil && e2 == nil && e3 == nil
}

func parentOf(pid int) (int, bool) {
	p, ok := readStat("/proc/" + strconv.Itoa(pid) + "/stat")
	return p.parent, ok
}

// flushInput drops what the terminal sent and nobody read: answers to the
// questions of a program that has ended.
func flushInput(fd int) { _ = unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH) }
