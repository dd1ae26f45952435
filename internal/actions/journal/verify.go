package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// Report is the result of Verify.
type Report struct {
	Records int    // lines that hold
	Bad     *Bad   // the first line that does not; nil: all hold
	Note    string // what is not wrong but worth knowing: an unfinished last line
	// Open are the ids of changes without an outcome: a process died, or is
	// still at it. In the order of their intents.
	Open []string
}

// OK reports whether the journal is as it was written.
func (r Report) OK() bool { return r.Bad == nil }

// Bad is the first line that is wrong.
type Bad struct {
	Line int // 1-based; one more than there are when the end is missing
	Why  string
}

// String is what journal verify prints.
func (b Bad) String() string { return fmt.Sprintf("line %d: %s", b.Line, b.Why) }

// Verify checks every line against its hash, its predecessor and the anchor. The error
// is for what could not be read; what is wrong with the journal is in the Report.
func (j *Journal) Verify() (Report, error) {
	unlock, err := j.readLock()
	if err != nil {
		return Report{}, err
	}
	defer unlock()
	h, anchored, err := j.readHead()
	var bad *Error
	if err != nil && !errors.As(err, &bad) {
		return Report{}, err
	}
	if bad != nil {
		return Report{Bad: &Bad{1, bad.What}}, nil
	}

	c := checker{prev: genesis, open: map[string]bool{}}
	end := int64(0)
	anchorSeen := false
	torn, err := j.lines(func(line []byte) bool {
		end += int64(len(line)) + 1
		ok := c.next(line)
		if ok && anchored && c.seq == h.Seq {
			anchorSeen = c.prev == h.Hash
			if !anchorSeen {
				c.bad = &Bad{c.line, "is not the record that " + headName + " anchors"}
				c.seq--
				ok = false
			}
		}
		return ok
	})
	if err != nil {
		return Report{}, err
	}
	r := Report{Records: int(c.seq), Bad: c.bad}
	switch {
	case r.Bad != nil:
	case anchored && !anchorSeen:
		r.Bad = &Bad{c.line + 1, fmt.Sprintf("is missing: %s says that there are %d records", headName, h.Seq)}
	case !anchored && c.seq > 1:
		r.Bad = &Bad{1, headName + " is missing, so a cut-off end cannot be told"}
	case torn > 0:
		r.Note = fmt.Sprintf("line %d was never finished (%d bytes); its change was not made, and the next record replaces it", c.line+1, torn)
	}
	for _, id := range c.order {
		if c.open[id] {
			r.Open = append(r.Open, id)
		}
	}
	return r, nil
}

// checker follows the chain.
type checker struct {
	line  int
	seq   uint64
	prev  string
	bad   *Bad
	open  map[string]bool
	order []string
}

func (c *checker) next(line []byte) bool {
	c.line++
	r, err := decode(line)
	switch {
	case err != nil:
		c.bad = &Bad{c.line, err.Error()}
		return false
	case r.Seq != c.seq+1 || r.Prev != c.prev:
		c.bad = &Bad{c.line, "does not follow the line before it: a line was removed, added or moved"}
		return false
	}
	c.seq, c.prev = r.Seq, r.Hash
	switch r.Event {
	case Intent:
		if _, seen := c.open[r.ID]; !seen {
			c.order = append(c.order, r.ID)
		}
		c.open[r.ID] = true
	case Outcome:
		c.open[r.ID] = false
	}
	return true
}

// lines calls f with every finished line until it returns false; torn is the
// length of an unfinished one at the end.
func (j *Journal) lines(f func(line []byte) bool) (torn int, err error) {
	file, err := os.Open(j.Path())
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read journal: %w", err)
	}
	defer file.Close()
	r := bufio.NewReader(file)
	for {
		line, err := r.ReadBytes('\n')
		switch {
		case errors.Is(err, io.EOF):
			return len(line), nil
		case err != nil:
			return 0, fmt.Errorf("read journal: %w", err)
		case !f(bytes.TrimSuffix(line, []byte("\n"))):
			return 0, nil
		}
	}
}
