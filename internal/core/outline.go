package core

import "devops-tui/internal/text"

// Outline is what an object is made of, live: the jobs and steps of a run, the
// resources of an application, the steps and sides of a rollout.
type Outline struct {
	Nodes []Node    // depth first, in the system's own order
	Note  text.Safe // a line that belongs above: "no live text: the log opens when the job ends"; may be empty
	Done  bool      // nothing of it will change any more by itself
}

// Node is one line of an outline.
type Node struct {
	// Ref is the object that the line stands for: it has a page, logs and verbs
	// of its own. Zero: none (a step). It may be of another source.
	Ref     Ref
	Depth   int // 0: top
	Title   text.Safe
	Phase   Phase
	Reason  text.Safe // the system's own word
	Message text.Safe // one line more; may be empty
	Info    text.Safe // a few words at the end of the line: runner, weight, image
	Started int64     // Unix nanoseconds; 0: it has not
	Ended   int64     // Unix nanoseconds; 0: it has not
	// Row is the object as verbs judge it, for objects that no list has: the jobs
	// of a run. nil: the store knows it, or nobody does.
	Row *Resource
	// Closed asks that what is below the line is folded at first.
	Closed bool
}

// Explanation is why an object failed, from what the system itself says.
type Explanation struct {
	Summary text.Safe // one line: "test failed in step go test after 2m14s"
	At      Ref       // whose log has Lines: the failed job
	Step    text.Safe // where in it; may be empty
	// Lines are the first lines of the log that say what is wrong, at most 20.
	Lines       []text.Line
	Annotations []Annotation // at most 20, the worst first
	Good        Ref          // the last run of the same workflow and branch that went well; zero: none known
	GoodTitle   text.Safe    // "ci #1840, 9f3c2e1, 3h ago by kim"
	Commits     []Commit     // what came between it and this run, newest first, at most 20
	MoreCommits int          // further ones
	Note        text.Safe    // what could not be told, and why
}

// Annotation is a remark that a run made on a place of the code.
type Annotation struct {
	Level   Level // LevelError, LevelWarn or LevelInfo
	Path    text.Safe
	Line    int // 0: the whole file
	Title   text.Safe
	Message text.Safe
}

// Commit is one commit.
type Commit struct {
	SHA    string // raw, in full
	Title  text.Safe
	Author text.Safe
	At     int64 // Unix nanoseconds; 0 unknown
}
