package rest

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

const (
	hidden     = "[secret]"
	minSecret  = 6  // shorter ones are words that stand everywhere
	maxSecrets = 16 // as often as tokens are renewed in one session
)

// secrets are the credentials that were sent, so that no message shows one: a
// server may say again what it was told.
type secrets struct {
	mu   sync.Mutex
	list []string // longest first
}

// learn notes what Authorize has added to a request.
func (s *secrets) learn(before http.Header, r *http.Request) {
	for k, values := range r.Header {
		if slices.Equal(before[k], values) && !secretParameter.MatchString(k) {
			continue
		}
		for _, v := range values {
			s.add(v)
		}
	}
	for k, values := range r.URL.Query() {
		if secretParameter.MatchString(k) {
			for _, v := range values {
				s.add(v)
			}
		}
	}
}

func (s *secrets) add(value string) {
	all := []string{value}
	if scheme, v, ok := strings.Cut(value, " "); ok {
		all = append(all, v)
		if strings.EqualFold(scheme, "Basic") {
			if b, err := base64.StdEncoding.DecodeString(v); err == nil {
				_, password, _ := strings.Cut(string(b), ":")
				all = append(all, string(b), password)
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range all {
		for _, v := range []string{v, url.QueryEscape(v), url.PathEscape(v)} {
			if len(v) < minSecret || slices.Contains(s.list, v) {
				continue
			}
			s.list = append(s.list, v)
		}
	}
	if over := len(s.list) - 8*maxSecrets; over > 0 {
		s.list = slices.Delete(s.list, 0, over)
	}
}

func (s *secrets) known() []string {
	s.mu.Lock()
	list := slices.Clone(s.list)
	s.mu.Unlock()
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	return list
}

var (
	secretParameter = regexp.MustCompile(`(?i)(token|passw(or)?d|secret|api[_-]?key|signature|sig|crumb|auth|credential)s?$`)
	userinfo        = regexp.MustCompile(`(://)[^/@\s"']+@`)
	parameter       = regexp.MustCompile(`(?i)([?&][\w.-]*(?:token|passw(?:or)?d|secret|api[_-]?key|signature|sig|crumb|auth|credential)s?=)[^&\s"'<>]+`)
)

// scrub takes the credentials out of a message, known ones and what looks like
// one in an address.
func (s *secrets) scrub(m string) string {
	for _, v := range s.known() {
		m = strings.ReplaceAll(m, v, hidden)
	}
	m = userinfo.ReplaceAllString(m, "${1}"+hidden+"@")
	return parameter.ReplaceAllString(m, "${1}"+hidden)
}

func (s *secrets) scrubBytes(b []byte) []byte {
	if len(b) == 0 {
		return b
	}
	return []byte(s.scrub(string(b)))
}

// strip words an error of net/http without the address in it, which has the
// query, and without credentials.
func (s *secrets) strip(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if was := err.Error(); s.scrub(was) != was {
		return &scrubbed{s.scrub(was), err}
	}
	return err
}

type scrubbed struct {
	message string
	cause   error
}

func (s *scrubbed) Error() string        { return s.message }
func (s *scrubbed) Is(target error) bool { return errors.Is(s.cause, target) }
func (s *scrubbed) As(target any) bool   { return errors.As(s.cause, target) }
