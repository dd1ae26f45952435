package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// auditPolicy records every answered request without its bodies; a watch at its start and at its end.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
`

// AuditEvent is one request as the API server saw it.
type AuditEvent struct {
	Stage      string // ResponseStarted (of a watch), ResponseComplete, Panic
	Verb       string // get, list, watch, create, update, patch, delete, deletecollection
	RequestURI string
	User       struct{ Username string }
	UserAgent  string
	ObjectRef  struct{ APIGroup, Resource, Subresource, Namespace, Name string }
	// ResponseStatus.Code is the HTTP status.
	ResponseStatus struct{ Code int }
}

// Mutates reports whether the request would change the cluster. Access reviews
// are created, but only ask a question.
func (e AuditEvent) Mutates() bool {
	switch e.Verb {
	case "create":
		return e.ObjectRef.APIGroup != "authorization.k8s.io" && e.ObjectRef.APIGroup != "authentication.k8s.io"
	case "update", "patch", "delete", "deletecollection":
		return true
	}
	return false
}

func (e AuditEvent) String() string {
	return fmt.Sprintf("%s %s by %s: %d", e.Verb, e.RequestURI, e.User.Username, e.ResponseStatus.Code)
}

// AuditLog is the path of the audit log, written with Options.Audit.
func (c *Cluster) AuditLog() string { return c.file("audit.log") }

// Audit returns every request that was answered before the call, in the order
// of the answers; user "" means of all users.
func (c *Cluster) Audit(ctx context.Context, user string) ([]AuditEvent, error) {
	if !c.opts.Audit {
		return nil, errors.New("this cluster was started without Options.Audit")
	}
	// an event is written about when the answer is sent: our own marker shows that those before it are there
	c.mu.Lock()
	c.marks++
	marker := fmt.Sprintf("/version?audit-marker=%d", c.marks)
	c.mu.Unlock()
	if _, err := c.Do(ctx, "GET", marker, "", nil); err != nil {
		return nil, err
	}
	var events []AuditEvent
	err := c.poll(ctx, "the audit log", func() error {
		b, err := os.ReadFile(c.AuditLog())
		if err != nil {
			return err
		}
		if !bytes.Contains(b, []byte(marker+`"`)) {
			return errors.New("the marker is not written yet")
		}
		events, err = parseAudit(b, user)
		return err
	})
	return events, err
}

func parseAudit(log []byte, user string) (events []AuditEvent, err error) {
	for line := range bytes.Lines(log) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // being written
		}
		var e AuditEvent
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("audit log: %w in %q", err, line)
		}
		if (user == "" || e.User.Username == user) && !strings.Contains(e.RequestURI, "audit-marker=") {
			events = append(events, e)
		}
	}
	return events, nil
}
