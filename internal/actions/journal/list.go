package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Filter chooses records; zero fields choose all.
type Filter struct {
	Since, Until time.Time // [Since, Until)
	ID           string
	Event        string
	Verb         string
	Instance     string
	Ref          string // a part of the path, as in "payments/api"
	User         string
	Last         int // only the last so many
}

func (f Filter) takes(r Record) bool {
	return (f.Since.IsZero() || !r.Time.Before(f.Since)) &&
		(f.Until.IsZero() || r.Time.Before(f.Until)) &&
		(f.ID == "" || f.ID == r.ID) &&
		(f.Event == "" || f.Event == r.Event) &&
		(f.Verb == "" || f.Verb == r.Verb) &&
		(f.Instance == "" || f.Instance == r.Instance) &&
		(f.User == "" || f.User == r.User) &&
		strings.Contains(r.Ref, f.Ref)
}

// before reports, without decoding the line, that it is older than f takes;
// false where that cannot be told.
func (f Filter) before(line []byte) bool {
	if f.Since.IsZero() {
		return false
	}
	head := line[:min(len(line), 100)]
	_, at, ok := bytes.Cut(head, []byte(`,"time":"`))
	at, _, closed := bytes.Cut(at, []byte(`"`))
	if !ok || !closed {
		return false
	}
	t, err := time.Parse(time.RFC3339Nano, string(at))
	return err == nil && t.Before(f.Since)
}

// Apply is the records that f takes, in their order.
func (f Filter) Apply(records []Record) []Record {
	var out []Record
	for _, r := range records {
		if f.takes(r) {
			out = append(out, r)
		}
	}
	if f.Last > 0 && len(out) > f.Last {
		out = out[len(out)-f.Last:]
	}
	return out
}

// List reads the records that f takes, oldest first. Lines that are no records
// are left out: Verify names them.
func (j *Journal) List(f Filter) ([]Record, error) {
	unlock, err := j.readLock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	var out []Record
	_, err = j.lines(func(line []byte) bool {
		var r Record
		if !f.before(line) && json.Unmarshal(line, &r) == nil && r.Seq > 0 && f.takes(r) {
			out = append(out, r)
			if f.Last > 0 && len(out) > 2*f.Last {
				out = slices.Delete(out, 0, len(out)-f.Last)
			}
		}
		return true
	})
	if f.Last > 0 && len(out) > f.Last {
		out = out[len(out)-f.Last:]
	}
	return out, err
}

// Export writes the journal as JSON lines: as it stands, so that it can be
// verified elsewhere, or redacted for strangers: without user, host, pid, the
// plan's values and all free text. A redacted line keeps the hash of its original.
func (j *Journal) Export(w io.Writer, redact bool) error {
	unlock, err := j.readLock()
	if err != nil {
		return err
	}
	defer unlock()
	var failed error
	_, err = j.lines(func(line []byte) bool {
		if redact {
			if line, failed = redacted(line); failed != nil {
				return false
			}
		}
		_, failed = w.Write(append(line, '\n'))
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("export journal: %w", err)
	}
	return nil
}

func redacted(line []byte) ([]byte, error) {
	var r Record
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, fmt.Errorf("a line is not a record; see journal verify: %w", err)
	}
	r.User, r.Host, r.PID, r.Redacted = "", "", 0, true
	if r.Result != nil {
		r.Result.Message = ""
	}
	if r.Glass != nil {
		r.Glass.Reason = RedactedText
	}
	if r.Plan != nil {
		p := &Plan{Rev: r.Plan.Rev}
		for _, c := range r.Plan.Changes {
			p.Changes = append(p.Changes, Change{Field: c.Field, Before: RedactedText, After: RedactedText})
		}
		r.Plan = p
	}
	return json.Marshal(r)
}

// readLock keeps writers out while reading, where there is a lock at all: a
// journal of another user, or on a read-only disk, can be read without it.
func (j *Journal) readLock() (unlock func(), err error) {
	path := filepath.Join(j.dir, lockName)
	if _, err := os.Lstat(path); err != nil || checkPath(path) != nil {
		return func() {}, nil
	}
	unlock, err = lock(path, lockLimit)
	if err != nil {
		return func() {}, nil //nolint:nilerr // a reader that meets a half-written line says so
	}
	return unlock, nil
}
