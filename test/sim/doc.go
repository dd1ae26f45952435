// Package sim is what the simulators of services have in common: a server on
// the loopback that counts what it is asked and fails when told, entity tags,
// and pages.
//
// A simulator is an http.Handler with state, in a folder of its own below this
// one. A test starts it with [Start]; a program with [Serve]. It makes absolute
// addresses with [Base], so that they lead back to it.
package sim
