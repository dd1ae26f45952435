// Package gitlab watches the pipelines of GitLab servers, gitlab.com and
// self-hosted ones, and changes them: by the REST API v4 (docs.gitlab.com/api/rest).
//
// One Source is one server with the projects to watch. Pipelines are read by
// what has changed since (updated_after), conditionally; what is in sight and
// goes on is read more often. Jobs are no rows: an outline has them.
package gitlab
