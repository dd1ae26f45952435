package testkit

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// StatusError is an answer of a test engine with a status of 400 or more.
type StatusError struct {
	Method, Path string
	Code         int
	Body         string
}

// Error quotes the beginning of the answer.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%s %s: %d %s: %.400s", e.Method, e.Path, e.Code, http.StatusText(e.Code), strings.TrimSpace(e.Body))
}

// Fetch sends a request and returns the whole answer; a status of 400 or more
// is a [StatusError].
func Fetch(c *http.Client, r *http.Request) ([]byte, error) {
	res, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 400 {
		err = &StatusError{r.Method, r.URL.RequestURI(), res.StatusCode, string(b)}
	}
	return b, err
}
