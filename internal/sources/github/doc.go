// Package github watches GitHub Actions: one source per host, github.com or an
// Enterprise server, over any number of repositories.
//
// GitHub has no stream: lists are polled with conditional requests, which cost
// nothing of the hourly limit while nothing has changed. What is in sight and
// goes on is asked for most often, see poll.go. Lists are decoded as they come
// and no answer of them is kept: a repository costs its newest runs as rows.
package github
