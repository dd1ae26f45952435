package rest

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"devops-tui/internal/text"
)

// Error is an answer of 400 and above, or a redirect that is not followed.
type Error struct {
	Method, Path string // Path is raw, without the query
	Status       int
	Header       http.Header
	Body         []byte    // at most 64 KiB
	Message      text.Safe // the server's own words, if it has any
	RetryAt      time.Time // when it may be asked again; zero: it did not say
}

// Error names the request and what was answered.
func (e *Error) Error() string {
	s := e.Method + " " + text.Clean(e.Path).String() + ": " + strconv.Itoa(e.Status) + " " + http.StatusText(e.Status)
	if !e.Message.Empty() {
		s += ": " + e.Message.String()
	}
	return s
}

// StatusOf is the status of the answer that an error is; 0: it is none.
func StatusOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}
