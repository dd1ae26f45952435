// Package journal is the audit trail of every change: one line of JSON for
// what is about to be done, made durable before the request leaves, and one for
// how it ended.
//
// Each line carries the hash of the line before and its own, and the last one
// is anchored in a file beside the journal, so that a line which was
// changed, removed, added, moved or cut off is found by Verify. This shows tampering, it does
// not prevent it: who can write both files can write both anew.
//
// Several processes may append; a lock file orders them.
package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"devops-tui/internal/core"
)

// The events.
const (
	Intent    = "intent"    // about to be done
	Outcome   = "outcome"   // how it ended
	Recovered = "recovered" // an unfinished line at the end was dropped

	Opened     = "opened"      // a definition, perhaps with secrets, was opened for editing
	BreakGlass = "break-glass" // policy's denials were lifted, for a reason and a time
	EndGlass   = "end-glass"   // and were put back before that time
)

// Record is one line. Time, User and the rest are the caller's; Seq, Prev and
// Hash are set by Append.
type Record struct {
	Seq      uint64    `json:"seq"` // 1, 2, 3 …
	Time     time.Time `json:"time"`
	ID       string    `json:"id"` // of the change; intent and outcome share it
	Event    string    `json:"event"`
	User     string    `json:"user,omitempty"`
	Host     string    `json:"host,omitempty"`
	PID      int       `json:"pid,omitempty"`
	Instance string    `json:"instance,omitempty"` // "kube:prod"
	Ref      string    `json:"ref,omitempty"`      // "deployment/payments/api"
	UID      string    `json:"uid,omitempty"`
	Verb     string    `json:"verb,omitempty"`
	From     string    `json:"from,omitempty"`    // the object asked for, when Ref is another: "pod/payments/api-1"
	UndoOf   string    `json:"undo_of,omitempty"` // the id of the change that this one takes back
	Policy   Policy    `json:"policy,omitzero"`
	Glass    *Glass    `json:"glass,omitempty"`  // the emergency it was made in, or that begins or ends
	Plan     *Plan     `json:"plan,omitempty"`   // of an intent
	Result   *Result   `json:"result,omitempty"` // of an outcome
	Redacted bool      `json:"redacted,omitempty"`
	Prev     string    `json:"prev"`           // hash of the line before; zeros for the first
	Hash     string    `json:"hash,omitempty"` // SHA-256 of the line up to this field, in hex
}

// Policy is what the configuration demanded and how it was met.
type Policy struct {
	Level       string `json:"level,omitempty"`
	Environment string `json:"environment,omitempty"`
	Confirmed   string `json:"confirmed,omitempty"` // enter, y, name, flag; direct: nothing was asked
}

// Plan is what the user saw and confirmed.
type Plan struct {
	Title    string            `json:"title,omitempty"`
	Rev      string            `json:"rev,omitempty"`
	Params   map[string]string `json:"params,omitempty"`
	Changes  []Change          `json:"changes,omitempty"`
	Diff     []string          `json:"diff,omitempty"`
	Impact   []string          `json:"impact,omitempty"`
	Warnings []string          `json:"warnings,omitempty"`
	Preview  string            `json:"preview,omitempty"` // why there was none
	Command  string            `json:"command,omitempty"`
	Undo     string            `json:"undo,omitempty"`
	Inverse  *Inverse          `json:"inverse,omitempty"`
}

// Inverse is how a change is taken back.
type Inverse struct {
	Verb   string            `json:"verb"`
	Target core.Ref          `json:"target"` // without UID
	Params map[string]string `json:"params,omitempty"`
	// Kept is the hash of the private file that has the parameters instead, and what
	// is put back. The file is not a part of the journal.
	Kept string `json:"kept,omitempty"`
}

// Glass is an emergency in which policy's denials are lifted.
type Glass struct {
	Reason string    `json:"reason,omitempty"`
	Until  time.Time `json:"until,omitzero"`
}

// Change is one field before and after.
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Result is how a change ended: healthy, failed, refused, unknown.
type Result struct {
	Outcome string `json:"outcome"`
	Message string `json:"message,omitempty"`
}

const (
	genesis  = "0000000000000000000000000000000000000000000000000000000000000000"
	hashMark = `,"hash":"`
	hashTail = len(hashMark) + 2*sha256.Size + len(`"}`)
)

// encode makes the line, without its line end, and sets r.Hash. The hash is
// of the bytes themselves, so that nobody has to agree on a canonical JSON.
func encode(r *Record) ([]byte, error) {
	r.Hash = ""
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode journal record: %w", err)
	}
	body := b[:len(b)-1] // without the closing brace
	r.Hash = digest(body)
	return append(body, hashMark+r.Hash+`"}`...), nil
}

// decode checks and reads a line without its line end.
func decode(line []byte) (Record, error) {
	var r Record
	if len(line) < hashTail || !bytes.HasPrefix(line[len(line)-hashTail:], []byte(hashMark)) {
		return r, fmt.Errorf("not a journal record")
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fmt.Errorf("not a journal record: %w", err)
	}
	if digest(line[:len(line)-hashTail]) != r.Hash || !bytes.HasSuffix(line, []byte(r.Hash+`"}`)) {
		return r, fmt.Errorf("was changed after it was written")
	}
	return r, nil
}

func digest(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// The most of a diff that is kept.
const (
	maxDiffLines = 400
	maxText      = 4 << 10
)

// scrubbed is r with the obvious secrets and the excess taken out. Plans are
// redacted by their sources already; this is the second lock.
func scrubbed(r Record) Record {
	if r.Result != nil {
		x := *r.Result
		x.Message = field(x.Message)
		r.Result = &x
	}
	if r.Glass != nil {
		x := *r.Glass
		x.Reason = field(x.Reason)
		r.Glass = &x
	}
	if r.Plan == nil {
		return r
	}
	p := *r.Plan
	p.Title, p.Preview, p.Command, p.Undo = field(p.Title), field(p.Preview), field(p.Command), field(p.Undo)
	p.Impact, p.Warnings = fields(p.Impact), fields(p.Warnings)
	if extra := len(p.Diff) - maxDiffLines; extra > 0 {
		p.Diff = append(p.Diff[:maxDiffLines:maxDiffLines], fmt.Sprintf("… +%d lines", extra))
	}
	p.Diff = fields(p.Diff)
	changes := make([]Change, len(p.Changes))
	for i, c := range p.Changes {
		changes[i] = Change{field(c.Field), value(c.Field, c.Before), value(c.Field, c.After)}
	}
	p.Changes = changes
	p.Params = values(p.Params)
	if p.Inverse != nil {
		x := *p.Inverse
		x.Params = values(x.Params)
		p.Inverse = &x
	}
	r.Plan = &p
	return r
}

func values(in map[string]string) map[string]string {
	if in == nil {
		return nil
	}
	out := make(map[string]string, len(in))
	for k, v := range in {
		out[k] = value(k, v)
	}
	return out
}

// Holds reports whether the journal keeps the values as they are: none is, or
// looks like, a secret, and none is too long.
func Holds(params map[string]string) bool { return maps.Equal(params, values(params)) }

func field(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + fmt.Sprintf("… +%d bytes", len(s)-maxText)
	}
	return Scrub(s)
}

func fields(in []string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = field(s)
	}
	return out
}

// value scrubs what belongs to a name that may say itself that it is secret.
func value(name, s string) string {
	if s != "" && s != "true" && s != "false" && secretName.MatchString(name) {
		return RedactedText
	}
	return field(s)
}
