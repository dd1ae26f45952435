package main

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"
)

// exitKilled is what a shell says of a process that was killed.
const exitKilled = 137

// startHolder starts a process that takes n MiB. Its end is reported a while
// after it happened: were the container's first process the one to be killed,
// its end could overtake the engine's news of the memory kill, which is then
// never noted.
func startHolder(n int) <-chan error {
	ended := make(chan error, 1)
	cmd := exec.Command("/proc/self/exe", "hold", strconv.Itoa(n))
	cmd.Stderr = os.Stderr
	go func() {
		err := cmd.Run()
		time.Sleep(time.Second)
		ended <- err
	}()
	return ended
}

// hold takes n MiB, 1 MiB in 10 ms, and keeps them.
func hold(n int) {
	var held [][]byte
	for range n {
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1 // a page counts once it is written
		}
		held = append(held, b)
		time.Sleep(10 * time.Millisecond)
	}
	for {
		time.Sleep(time.Hour)
		runtime.KeepAlive(held)
	}
}
