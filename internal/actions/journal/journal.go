package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The files in the state folder.
const (
	FileName = "journal.jsonl"
	headName = "journal.head"
	lockName = "journal.lock"
)

// lockLimit is how long Append waits for another process.
const lockLimit = 5 * time.Second

// Error says why the journal cannot be used and what makes it usable.
type Error struct {
	What  string
	Fix   string // a command; may be empty
	Cause error
}

// Error is both in one line.
func (e *Error) Error() string {
	s := e.What
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	if e.Fix != "" {
		s += " (" + e.Fix + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Journal is the journal in one state folder. It holds no file open, so files
// that are moved or repaired meanwhile count at once.
type Journal struct {
	dir string
	mu  sync.Mutex
}

// Dir is the state folder of the user: $XDG_STATE_HOME/devops-tui, or below
// ~/.local/state when that is not an absolute path.
func Dir(getenv func(string) string, home string) string {
	if s := getenv("XDG_STATE_HOME"); filepath.IsAbs(s) {
		return filepath.Join(s, "devops-tui")
	}
	return filepath.Join(home, ".local", "state", "devops-tui")
}

// Open makes the folder if there is none and checks folder and files. The
// journal is never nil: reading works even where the error forbids writing,
// and Append checks again each time.
func Open(dir string) (*Journal, error) {
	j := &Journal{dir: dir}
	return j, j.Ready()
}

// Path is the journal's file.
func (j *Journal) Path() string { return filepath.Join(j.dir, FileName) }

// Ready tells why nothing can be appended, as an *Error where there is a fix;
// nil: it can be tried.
func (j *Journal) Ready() error {
	if err := checkDir(j.dir); err != nil {
		return err
	}
	for _, name := range []string{FileName, headName, lockName} {
		if err := checkPath(filepath.Join(j.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// head anchors the last record: what the journal must at least hold.
type head struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
	Size int64  `json:"size"` // of the journal in bytes, the record included
}

// Append adds r, scrubbed of secrets, and returns when it is on the disk. On
// an error the journal is as it was.
func (j *Journal) Append(r Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := checkDir(j.dir); err != nil {
		return err
	}
	unlock, err := lock(filepath.Join(j.dir, lockName), lockLimit)
	if err != nil {
		return err
	}
	defer unlock()

	f, created, err := openFile(j.Path(), os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	if created {
		if err := syncDir(j.dir); err != nil {
			return err
		}
	}
	h, err := j.settle(f)
	if err != nil {
		return err
	}
	_, err = j.add(f, h, scrubbed(r))
	return err
}

// add writes one record after h, and the new head.
func (j *Journal) add(f *os.File, h head, r Record) (head, error) {
	r.Seq, r.Prev = h.Seq+1, h.Hash
	line, err := encode(&r)
	if err != nil {
		return h, err
	}
	line = append(line, '\n')
	if _, err = f.WriteAt(line, h.Size); err == nil {
		err = f.Sync()
	}
	if err != nil {
		// A part of the line may stand there; take it back. If that fails too,
		// the next Append finds an unfinished line and drops it.
		_ = f.Truncate(h.Size)
		return h, fmt.Errorf("write %s: %w", j.Path(), err)
	}
	next := head{r.Seq, r.Hash, h.Size + int64(len(line))}
	if moved, err := j.writeHead(next); err != nil {
		if !moved {
			// Without its anchor the record could be cut off unnoticed, and the
			// caller is told that nothing was recorded: so nothing is.
			_ = f.Truncate(h.Size)
		}
		return h, err
	}
	return next, nil
}

// settle compares the journal with its anchor and returns the end to append
// at. What a process that died has left is taken over: complete records after
// the anchor stay, an unfinished line goes.
func (j *Journal) settle(f *os.File) (head, error) {
	h, found, err := j.readHead()
	if err != nil {
		return h, err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return h, fmt.Errorf("read %s: %w", j.Path(), err)
	}
	if !found && size > 0 {
		// A process may have died between the first record and its anchor;
		// then the file holds no more than that one.
		h = head{Hash: genesis}
	}
	if size < h.Size {
		return h, j.broken(fmt.Sprintf("%d bytes are missing at its end", h.Size-size))
	}
	if h.Size > 0 {
		tail := make([]byte, min(int64(hashTail+1), h.Size))
		if _, err := f.ReadAt(tail, h.Size-int64(len(tail))); err != nil {
			return h, fmt.Errorf("read %s: %w", j.Path(), err)
		}
		if want := []byte(hashMark + h.Hash + "\"}\n"); !bytes.Equal(tail, want) {
			return h, j.broken("its last record is not the one that was written last")
		}
	}
	rest := make([]byte, size-h.Size)
	if _, err := f.ReadAt(rest, h.Size); err != nil && !(errors.Is(err, io.EOF) && len(rest) == 0) {
		return h, fmt.Errorf("read %s: %w", j.Path(), err)
	}
	for {
		n := bytes.IndexByte(rest, '\n')
		if n < 0 {
			break
		}
		r, err := decode(rest[:n])
		if err != nil || r.Seq != h.Seq+1 || r.Prev != h.Hash || !found && r.Seq > 1 {
			return h, j.broken(fmt.Sprintf("record %d does not belong there", h.Seq+1))
		}
		h = head{r.Seq, r.Hash, h.Size + int64(n) + 1}
		rest = rest[n+1:]
	}
	if len(rest) > 0 {
		if err := f.Truncate(h.Size); err != nil {
			return h, fmt.Errorf("repair %s: %w", j.Path(), err)
		}
		return j.add(f, h, Record{
			Time: time.Now().UTC().Truncate(time.Microsecond), ID: "journal", Event: Recovered, PID: os.Getpid(),
			Result: &Result{Outcome: "dropped", Message: fmt.Sprintf("%d bytes of a record that was never finished", len(rest))},
		})
	}
	return h, nil
}

func (j *Journal) broken(why string) error {
	return &Error{
		What: "the journal was changed from outside: " + why,
		Fix: fmt.Sprintf("see devops-tui journal verify; to begin a new one: mv %s %s.broken; mv %s %s.broken",
			j.Path(), j.Path(), j.headPath(), j.headPath()),
	}
}

func (j *Journal) headPath() string { return filepath.Join(j.dir, headName) }

func (j *Journal) readHead() (h head, found bool, err error) {
	h.Hash = genesis
	if err := checkPath(j.headPath()); err != nil {
		return h, false, err
	}
	b, err := os.ReadFile(j.headPath())
	if errors.Is(err, os.ErrNotExist) {
		return h, false, nil
	}
	if err != nil {
		return h, false, fmt.Errorf("read %s: %w", j.headPath(), err)
	}
	var got head
	if err := json.Unmarshal(b, &got); err != nil || got.Seq == 0 || len(got.Hash) != len(genesis) || got.Size <= int64(hashTail) {
		return h, false, j.broken(headName + " is not readable")
	}
	return got, true, nil
}

// writeHead replaces the anchor: the old one or the new one is there, whatever
// happens. moved tells that it is the new one, though perhaps not for good.
func (j *Journal) writeHead(h head) (moved bool, err error) {
	b, err := json.Marshal(h)
	if err != nil {
		return false, fmt.Errorf("encode journal head: %w", err)
	}
	tmp := j.headPath() + ".new"
	if err = writeSynced(tmp, append(b, '\n')); err == nil {
		err = os.Rename(tmp, j.headPath())
	}
	if err != nil {
		_ = os.Remove(tmp)
		return false, fmt.Errorf("write %s: %w", j.headPath(), err)
	}
	return true, syncDir(j.dir)
}
