package object

import (
	"fmt"
	"strconv"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/kit"
	"devops-tui/internal/views/pane"
)

// lineKind is what a line of a story is.
type lineKind uint8

const (
	lineHead   lineKind = iota // the heading of a section
	lineWhy                    // the one line that says why it failed
	lineLog                    // a line of the log that says so
	lineRemark                 // an annotation
	lineGood                   // the last run that went well
	lineCommit                 // what came since
	lineNote                   // what could not be told
	lineNode                   // of the outline
)

// storyLine is one line below the words of a page. All of them can be under
// the cursor.
type storyLine struct {
	kind   lineKind
	key    string // what the cursor stays with
	index  int    // of the node, the annotation, the commit, the log line
	title  text.Safe
	ref    core.Ref // what enter opens; zero: nothing
	tab    string   // at which tab
	of     core.Ref // the object of verbs; zero: the page's
	group  bool     // there is something below it
	folded bool
	depth  int
	more   bool // enter shows what was left out
}

// build makes the lines anew and keeps the cursor on its line.
func (s *story) build() {
	s.lines = s.lines[:0]
	s.buildWhy()
	s.buildNodes()
	s.dirty = true
	if len(s.lines) == 0 {
		s.cursor, s.offset = 0, 0
		return
	}
	for i := range s.lines {
		if s.moved && s.lines[i].key == s.at {
			s.offset += i - s.cursor
			s.cursor = i
			s.clamp()
			return
		}
	}
	if !s.moved {
		s.cursor, s.offset = 0, 0
	}
	s.put(s.cursor)
}

func (s *story) add(l storyLine) { s.lines = append(s.lines, l) }

func (s *story) buildWhy() {
	x := s.why
	if x == nil || s.row != nil && !s.row.Phase.IsProblem() {
		return
	}
	s.add(storyLine{kind: lineWhy, key: "why", title: x.Summary, ref: x.At, tab: "logs"})
	for i := range s.few("lines", len(x.Lines), fewLines) {
		s.add(storyLine{kind: lineLog, key: "log " + strconv.Itoa(i), index: i, ref: x.At, tab: "logs"})
	}
	s.rest("lines", len(x.Lines), fewLines, text.Lit("lines"))
	for i := range s.few("remarks", len(x.Annotations), fewLines) {
		s.add(storyLine{kind: lineRemark, key: "remark " + strconv.Itoa(i), index: i, ref: x.At, tab: "logs"})
	}
	s.rest("remarks", len(x.Annotations), fewLines, text.Lit("annotations"))
	if !x.Good.IsZero() || !x.GoodTitle.Empty() {
		s.add(storyLine{kind: lineGood, key: "good", title: x.GoodTitle, ref: x.Good})
	}
	for i := range s.few("commits", len(x.Commits), fewCommits) {
		s.add(storyLine{kind: lineCommit, key: "commit " + x.Commits[i].SHA, index: i})
	}
	s.rest("commits", len(x.Commits), fewCommits, text.Lit("commits"))
	if x.MoreCommits > 0 && s.few("commits", len(x.Commits), fewCommits) == len(x.Commits) {
		s.add(storyLine{kind: lineNote, key: "older", title: text.Sprintf("and %d older commits", x.MoreCommits)})
	}
	if !x.Note.Empty() {
		s.add(storyLine{kind: lineNote, key: "note", title: x.Note})
	}
}

// How much of an explanation is shown before one asks for the rest: what the
// object is made of should be in sight too.
const (
	fewLines   = 8
	fewCommits = 4
)

// few is how many of n are shown; one more than few are shown as well as told.
func (s *story) few(what string, n, few int) int {
	if n <= few+1 || s.folds[what] {
		return n
	}
	return few
}

// rest is the line that opens what few left out.
func (s *story) rest(what string, n, few int, title text.Safe) {
	if shown := s.few(what, n, few); shown < n {
		s.add(storyLine{kind: lineNote, key: what, title: text.Sprintf("and %d more %s", n-shown, title), more: true})
	}
}

// section is what the parts of an object are called.
func section(kind string) text.Safe {
	switch kind {
	case "run":
		return text.Lit("Jobs")
	case "application":
		return text.Lit("Resources")
	case "rollout":
		return text.Lit("Progress")
	default:
		return text.Lit("Steps")
	}
}

func (s *story) buildNodes() {
	nodes, base := s.nodes()
	if !s.got || len(nodes) == 0 && s.outline.Note.Empty() {
		return
	}
	s.add(storyLine{kind: lineHead, key: "head", title: section(s.ref.Kind)})
	hidden := -1      // depth of the fold that is above; -1: none
	var path []string // keys of the nodes above, by depth
	var over []core.Ref
	twins := map[string]int{}
	for i := range nodes {
		n := &nodes[i]
		depth := min(max(n.Depth-base, 0), len(path))
		parent, of := "", core.Ref{}
		if depth > 0 {
			parent, of = path[depth-1], over[depth-1]
		}
		if !n.Ref.IsZero() {
			of = n.Ref
		}
		key := parent + "/" + n.Title.String()
		if twins[key]++; twins[key] > 1 {
			key = fmt.Sprintf("%s\x00%d", key, twins[key])
		}
		path, over = append(path[:depth], key), append(over[:depth], of)
		if hidden >= 0 && depth > hidden {
			continue
		}
		hidden = -1
		l := storyLine{kind: lineNode, key: key, index: i, title: n.Title, ref: n.Ref, of: of, depth: depth, group: i+1 < len(nodes) && nodes[i+1].Depth > n.Depth}
		if l.group {
			folded, said := s.folds[key]
			if l.folded = folded; !said {
				l.folded = n.Closed
			}
			if l.folded {
				hidden = depth
			}
		}
		s.add(l)
	}
}

func (s *story) line() *storyLine {
	if s.cursor < 0 || s.cursor >= len(s.lines) {
		return nil
	}
	return &s.lines[s.cursor]
}

// subject is the object of verbs: of the node under the cursor, or of the next
// one above it that has one; zero: the page's.
func (s *story) subject() core.Ref {
	if l := s.line(); l != nil && l.kind == lineNode {
		return l.of
	}
	return core.Ref{}
}

// move moves the cursor by lines.
func (s *story) move(by int) {
	s.moved = true
	s.put(s.cursor + by)
}

// put puts the cursor on a line.
func (s *story) put(i int) {
	s.cursor = max(min(i, len(s.lines)-1), 0)
	if l := s.line(); l != nil {
		s.at = l.key
	}
	s.clamp()
	s.dirty = true
}

func (s *story) clamp() {
	if s.h <= 0 {
		return
	}
	s.offset = max(min(s.offset, len(s.lines)-s.h), 0)
	if s.cursor < s.offset {
		s.offset = s.cursor
	} else if s.cursor >= s.offset+s.h {
		s.offset = s.cursor - s.h + 1
	}
}

// Scroll, Page, HalfPage, Home, End and Pan make the story a pane.Scroller; to
// the sides are folds.
func (s *story) Scroll(n int)   { s.move(n) }
func (s *story) Page(n int)     { s.move(n * max(s.h-1, 1)) }
func (s *story) HalfPage(n int) { s.move(n * max(s.h/2, 1)) }
func (s *story) Home()          { s.move(-len(s.lines)) }
func (s *story) End()           { s.move(len(s.lines)) }

// Pan opens a group, or folds it; where there is nothing to fold it goes to the
// group around.
func (s *story) Pan(n int) {
	l := s.line()
	switch {
	case l == nil || l.kind != lineNode:
	case l.group && l.folded == (n > 0):
		s.fold(l.key, n < 0)
	case n < 0:
		for i := s.cursor - 1; i >= 0; i-- {
			if u := &s.lines[i]; u.kind == lineNode && u.depth < l.depth {
				s.move(i - s.cursor)
				return
			}
		}
	}
}

func (s *story) fold(key string, on bool) {
	s.folds[key], s.moved = on, true
	s.build()
}

// open does what enter does: opens what the line stands for, or folds.
func (s *story) open(e *pane.Env) {
	l := s.line()
	switch {
	case l == nil:
	case l.more:
		s.fold(l.key, true)
	case !l.ref.IsZero():
		e.Send(pane.Open{Ref: l.ref, Tab: l.tab, Row: s.rowOf(l.ref)})
	case l.group:
		s.fold(l.key, !l.folded)
	case l.kind == lineCommit:
		e.Send(pane.CopyText{Text: text.Clean(s.why.Commits[l.index].SHA), What: text.Lit("commit")})
	case l.kind == lineNode && !l.of.IsZero():
		e.Send(pane.Open{Ref: l.of, Row: s.rowOf(l.of)})
	}
}

// next goes to the next node that needs a human.
func (s *story) next(dir int) bool {
	nodes, _ := s.nodes()
	for k := 1; k <= len(s.lines); k++ {
		i := ((s.cursor+dir*k)%len(s.lines) + len(s.lines)) % len(s.lines)
		if l := &s.lines[i]; l.kind == lineNode && l.index < len(nodes) && nodes[l.index].Phase.IsProblem() {
			s.move(i - s.cursor)
			return true
		}
	}
	return false
}

// plain is the text of the line under the cursor, for the clipboard.
func (s *story) plain() text.Safe {
	l := s.line()
	if l == nil {
		return text.Safe{}
	}
	switch x := s.why; l.kind {
	case lineLog:
		return x.Lines[l.index].Safe()
	case lineRemark:
		a := &x.Annotations[l.index]
		return text.Sprintf("%s %s %s", place(a), a.Title, a.Message)
	case lineCommit:
		return text.Clean(x.Commits[l.index].SHA)
	}
	return l.title
}

func place(a *core.Annotation) text.Safe {
	if a.Line <= 0 {
		return a.Path
	}
	return text.Sprintf("%s:%d", a.Path, a.Line)
}

// click moves the cursor to row y; again on the same line it folds or opens a
// group.
func (s *story) click(y int) {
	y -= s.above
	i := s.offset + y
	if y < 0 || y >= s.h || i >= len(s.lines) {
		return
	}
	if l := &s.lines[i]; i == s.cursor && (l.group || l.more) {
		s.fold(l.key, l.more || !l.folded)
		return
	}
	s.move(i - s.cursor)
}

// position is "3/17", for the frame.
func (s *story) position() []kit.Span {
	if len(s.lines) == 0 || len(s.lines) <= s.h {
		return nil
	}
	return []kit.Span{{Text: text.Sprintf("%d/%d", s.cursor+1, len(s.lines))}}
}

var _ pane.Scroller = (*story)(nil)

// short is the beginning of a commit's name.
func short(sha string) string {
	if len(sha) > 7 && strings.Trim(sha, "0123456789abcdefABCDEF") == "" {
		return sha[:7]
	}
	return sha
}
