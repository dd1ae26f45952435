package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is its own second process: childEnv says what it does there.
const childEnv = "DEVOPS_TUI_JOURNAL_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "":
		os.Exit(m.Run())
	case "append":
		os.Exit(childAppend())
	case "full":
		os.Exit(childFull())
	}
	os.Exit(99)
}

// childAppend appends records, and says each one's number when it is durable.
func childAppend() int {
	n, _ := strconv.Atoi(os.Args[2])
	j, err := Open(os.Args[1])
	if err != nil {
		fmt.Println(err)
		return 1
	}
	for i := 1; i <= n; i++ {
		r := full()
		r.ID = fmt.Sprintf("%s-%d", os.Args[3], i)
		if err := j.Append(r); err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println(i)
	}
	return 0
}

// childFull appends until no file may grow: what a full disk looks like
// to a process that is not root.
func childFull() int {
	j, err := Open(os.Args[1])
	if err != nil {
		fmt.Println(err)
		return 1
	}
	limit := syscall.Rlimit{Cur: 3000, Max: 3000}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Println(err)
		return 1
	}
	for i := 1; i <= 50; i++ {
		if err := j.Append(record(i)); err != nil {
			fmt.Println(i, err)
			return 7
		}
	}
	return 0
}

func child(mode string, args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), childEnv+"="+mode)
	return c
}

func TestPromise29_SeveralProcessesAppendToOneChain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	const processes, each = 4, 25
	var running []*exec.Cmd
	for p := range processes {
		c := child("append", dir, strconv.Itoa(each), fmt.Sprintf("p%d", p))
		c.Stderr = os.Stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		running = append(running, c)
	}
	for _, c := range running {
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	}
	j, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if r := verified(t, j); !r.OK() || r.Records != processes*each || len(r.Open) != processes*each {
		t.Fatalf("%+v", r)
	}
}

func TestPromise29_KilledAtAnyMomentTheJournalGoesOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	said := 0
	for round := range 25 {
		c := child("append", dir, "100000", fmt.Sprintf("r%d", round))
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		// Kill it somewhere inside the writing of a record, not between two.
		lines, stop := bufio.NewScanner(out), 1+rand.IntN(8)
		for i := 0; i < stop && lines.Scan(); i++ {
			said++
		}
		delay := time.NewTimer(time.Duration(rand.IntN(3000)) * time.Microsecond)
		<-delay.C
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what was said before the kill counts too
			if _, err := strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(lines.Text())
			}
			said++
		}
		var exit *exec.ExitError
		if err := c.Wait(); err == nil || !errors.As(err, &exit) {
			t.Fatalf("the child ended by itself: %v", err)
		}
		j := &Journal{dir: dir}
		if r := verified(t, j); !r.OK() {
			t.Fatalf("round %d: %s", round, r.Bad)
		}
		if err := j.Append(record(round)); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		said++
	}
	j := &Journal{dir: dir}
	r := verified(t, j)
	got, err := j.List(Filter{Event: Intent})
	if err != nil || !r.OK() || r.Note != "" {
		t.Fatalf("%v %+v", err, r)
	}
	if len(got) < said {
		t.Fatalf("%d records were said to be durable, %d are there", said, len(got))
	}
	t.Logf("%d records, %d were acknowledged", len(got), said)
}

func TestPromise29_AFullDiskLeavesTheJournalAsItWas(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	c := child("full", dir)
	out, err := c.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Fatalf("the full disk was not noticed: %v %s", err, out)
	}
	first, why, _ := strings.Cut(string(out), " ")
	failed, err := strconv.Atoi(first)
	if err != nil || failed < 2 || !strings.Contains(why, FileName) {
		t.Fatalf("%q", out)
	}
	j := &Journal{dir: dir}
	b, _ := os.ReadFile(j.Path())
	if r := verified(t, j); !r.OK() || r.Records != failed-1 || r.Note != "" || !bytes.HasSuffix(b, []byte("\n")) {
		t.Fatalf("%+v", r)
	}
	if err := j.Append(record(1)); err != nil {
		t.Fatalf("with space again: %v", err)
	}
	if r := verified(t, j); !r.OK() || r.Records != failed {
		t.Fatalf("%+v", r)
	}
}
