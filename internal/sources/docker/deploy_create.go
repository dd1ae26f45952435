package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// create makes a container of a request in the engine's own words. The SDK's
// types would lose what they do not know: the hardware address of old engines, whatever
// newer ones have (API: ContainerCreate).
func (s *Source) create(ctx context.Context, name string, body object) (id string, err error) {
	if _, err := s.client(ctx); err != nil { // agrees on the version
		return "", err
	}
	hc, err := s.httpClient()
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	version := s.version
	s.mu.Unlock()
	b, err := json.Marshal(body)
	if err != nil {
		return "", fmt.Errorf("write the configuration: %w", err)
	}
	where := url.URL{Scheme: "http", Host: client.DummyHost, Path: "/v" + version + "/containers/create", RawQuery: url.Values{"name": {name}}.Encode()}
	if s.host.proto == "tcp" {
		_, where.Scheme = s.host.address()
		where.Host = s.host.addr
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, where.String(), bytes.NewReader(b))
	if err != nil {
		return "", fmt.Errorf("create container: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "devops-tui")
	resp, err := hc.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", &connError{cause: err, sent: true}
	}
	if resp.StatusCode != http.StatusCreated {
		return "", engineError(resp.StatusCode, answer)
	}
	var made struct {
		ID string `json:"Id"`
	}
	if err := json.Unmarshal(answer, &made); err != nil || made.ID == "" {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return made.ID, nil
}

// engineError classes an answer of the engine as the SDK does.
func engineError(code int, answer []byte) error {
	var said struct{ Message string }
	if json.Unmarshal(answer, &said) != nil || said.Message == "" {
		said.Message = http.StatusText(code)
	}
	var class error = errdefs.ErrUnknown
	switch code {
	case http.StatusBadRequest:
		class = errdefs.ErrInvalidArgument
	case http.StatusUnauthorized:
		class = errdefs.ErrUnauthenticated
	case http.StatusForbidden:
		class = errdefs.ErrPermissionDenied
	case http.StatusNotFound:
		class = errdefs.ErrNotFound
	case http.StatusConflict:
		class = errdefs.ErrConflict
	case http.StatusServiceUnavailable:
		class = errdefs.ErrUnavailable
	case http.StatusInternalServerError:
		class = errdefs.ErrInternal
	}
	return &answerError{said: said.Message, class: class}
}

// answerError is a refusal in the engine's words.
type answerError struct {
	said  string
	class error
}

func (e *answerError) Error() string { return e.said }
func (e *answerError) Unwrap() error { return e.class }
