// Package jenkins is the source of Jenkins controllers: builds as runs, jobs as
// workflows, what waits in the queue as runs that are queued.
//
// The API is https://www.jenkins.io/doc/book/using/remote-access-api/ and, for
// stages and inputs, that of the plugin Pipeline: REST API (wfapi). Every request
// names what it wants by tree=; a controller is sent one request at a time.
package jenkins

// ID is the source's.
const ID = "jenkins"
