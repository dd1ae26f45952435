package core

import (
	"fmt"
	"runtime/debug"
	"sync/atomic"
)

// onPanic is called with the panic of a goroutine started by Go.
var onPanic atomic.Pointer[func(error)]

// OnPanic sets what Go does with a panic (the app ends the program, restores
// the terminal and says where the crash file is). Without it Go panics again.
func OnPanic(f func(error)) { onPanic.Store(&f) }

// PanicError is a panic with the stack where it happened.
type PanicError struct {
	Name  string // of the goroutine
	Value any
	Stack []byte
}

// Error says where and what, without the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic in %s: %v", e.Name, e.Value) }

// Go starts f on its own goroutine. Every goroutine of ours starts here, so
// that none can end the program without the terminal being restored.
func Go(name string, f func()) {
	go func() {
		defer func() {
			if v := recover(); v != nil {
				h := onPanic.Load()
				if h == nil {
					panic(v)
				}
				(*h)(&PanicError{name, v, debug.Stack()})
			}
		}()
		f()
	}()
}
