//go:build !unix

package app

// resizes never fires: this system does not tell.
func resizes() (fired <-chan struct{}, stop func()) { return nil, func() {} }
