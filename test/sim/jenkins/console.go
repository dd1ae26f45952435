package jenkins

import (
	"net/http"
	"regexp"
	"strconv"
)

var notes = regexp.MustCompile("\x1b\\[8mha:[^\x1b]*\x1b\\[0m")

// plain is the console without its notes.
func plain(log []byte) []byte { return notes.ReplaceAll(log, nil) }

// progressive answers logText/progressiveText: what came since start. The
// notes arrive as they are in the file.
func (c *call) progressive(b *Build) {
	start, _ := strconv.Atoi(c.r.URL.Query().Get("start"))
	if start < 0 || start > len(b.log) {
		start = 0 // as Jenkins does: the log is not the one that was asked for
	}
	h := c.rw.Header()
	h.Set("Content-Type", "text/plain;charset=utf-8")
	h.Set("X-Text-Size", strconv.Itoa(len(b.log)))
	if b.result == "" {
		h.Set("X-More-Data", "true")
	}
	c.rw.WriteHeader(http.StatusOK)
	_, _ = c.rw.Write(b.log[start:])
}
