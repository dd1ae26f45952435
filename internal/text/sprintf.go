package text

import (
	"fmt"
	"io"
	"strconv"
)

// Sprintf is fmt.Sprintf for text that is drawn. The format is a constant of
// our own source. Safe and Line arguments stand as they are; every other
// argument is formatted and then cleaned on its own, as by CleanLong, so that
// two arguments cannot form a sequence together.
func Sprintf(format constant, args ...any) Safe {
	wrapped := make([]any, len(args))
	for i, a := range args {
		switch v := a.(type) {
		case Safe:
			wrapped[i] = v.s
		case Line:
			wrapped[i] = v.text
		case int:
			wrapped[i] = v // also serves as the width of %*d
		default:
			wrapped[i] = foreign{a}
		}
	}
	// The second pass is for what no argument brings alone: %c of a control
	// character, and fmt's own remarks about a wrong verb.
	return Safe{cleanText(fmt.Sprintf(string(format), wrapped...), messageRules)}
}

// foreign cleans an argument after it was formatted.
type foreign struct{ v any }

// Format implements fmt.Formatter.
func (a foreign) Format(f fmt.State, verb rune) {
	_, _ = io.WriteString(f, CleanLong(fmt.Sprintf(fmt.FormatString(f, verb), a.v)).s)
}

// Int writes a whole number in decimal.
func Int(n int) Safe { return Safe{strconv.Itoa(n)} }

// Error cleans an error's message; nil gives the empty text.
func Error(err error) Safe {
	if err == nil {
		return Safe{}
	}
	return CleanLong(err.Error())
}
