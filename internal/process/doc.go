// Package process runs programs that the user has installed (docker-compose,
// helm, kubectl) under a cockpit: without a terminal to ask on, with their
// output as lines, and never longer than the cockpit lives.
package process
