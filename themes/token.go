package themes

import "fmt"

// Token is a role that something on the screen plays. Views name tokens,
// themes give them colours; no colour is named anywhere else.
type Token uint8

// The tokens. Their names in theme files are in tokenInfo below.
const (
	FG            Token = iota // ordinary text
	Muted                      // secondary text
	Faint                      // separators, guide lines of tables, dimmed bodies
	BG                         // the background of everything; "default" leaves the terminal's
	Border                     // frame of a pane
	BorderFocus                // frame of the focused pane
	Title                      // pane titles
	Header                     // table headings
	Selection                  // the selected row of the focused pane
	SelectionBlur              // the selected row of the other panes
	Mark                       // marked rows
	Accent                     // what the eye should find first: active tab, prompt, YAML keys
	Link                       // references to other objects, URLs
	Key                        // keys in hints and menus
	Stale                      // rows of a source that does not answer
	OK                         // running, succeeded
	Pending                    // on its way
	Degraded                   // works in part
	Failed                     // needs a human
	Unknown                    // cannot be told
	Debug                      // log levels
	Info
	Warn
	Error
	EnvFree // badges of an environment, by its policy
	EnvConfirm
	EnvName
	EnvDeny
	Chart1 // series of a chart, columns of origins
	Chart2
	Chart3
	Chart4
	Guide  // requests and limits in charts
	Deploy // deploy markers in charts
	Match  // what a search found
	Demo   // the DEMO badge
	NumTokens
)

// role says what a token is drawn as, which decides the contrast it needs.
type role uint8

const (
	words    role = iota // text: 4.5:1
	graphics             // lines and bars: 3:1
	badge                // text on its own background: 4.5:1 against that
	ground               // a background, nothing is drawn in it
)

// tokenInfo is the one table of token names and rules.
var tokenInfo = [NumTokens]struct {
	name  string
	role  role
	inRow bool // also drawn on the selection's background
}{
	FG:            {"fg", words, true},
	Muted:         {"muted", words, true},
	Faint:         {"faint", graphics, true},
	BG:            {"bg", ground, false},
	Border:        {"border", graphics, false},
	BorderFocus:   {"border-focus", graphics, false},
	Title:         {"title", words, false},
	Header:        {"header", words, false},
	Selection:     {"selection", badge, false},
	SelectionBlur: {"selection-blur", badge, false},
	Mark:          {"mark", words, true},
	Accent:        {"accent", words, true},
	Link:          {"link", words, true},
	Key:           {"key", words, true},
	Stale:         {"stale", words, true},
	OK:            {"ok", words, true},
	Pending:       {"pending", words, true},
	Degraded:      {"degraded", words, true},
	Failed:        {"failed", words, true},
	Unknown:       {"unknown", words, true},
	Debug:         {"debug", words, true},
	Info:          {"info", words, true},
	Warn:          {"warn", words, true},
	Error:         {"error", words, true},
	EnvFree:       {"env-free", badge, false},
	EnvConfirm:    {"env-confirm", badge, false},
	EnvName:       {"env-name", badge, false},
	EnvDeny:       {"env-deny", badge, false},
	Chart1:        {"chart-1", graphics, true},
	Chart2:        {"chart-2", graphics, true},
	Chart3:        {"chart-3", graphics, true},
	Chart4:        {"chart-4", graphics, true},
	Guide:         {"guide", graphics, true},
	Deploy:        {"deploy", graphics, true},
	Match:         {"match", badge, false},
	Demo:          {"demo", badge, false},
}

// String is the token's name in theme files.
func (t Token) String() string {
	if t < NumTokens {
		return tokenInfo[t].name
	}
	return fmt.Sprintf("token(%d)", t)
}

// TokenOf returns the token with that name.
func TokenOf(name string) (Token, bool) {
	for t := range NumTokens {
		if tokenInfo[t].name == name {
			return t, true
		}
	}
	return 0, false
}
