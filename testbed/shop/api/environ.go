package main

import (
	"bufio"
	"io"
	"os"
)

// environ writes the environment this process was started with, each entry
// followed by a NUL, the format of /proc/PID/environ. It stands in for a shell:
// the image has none, and a test wants the container's exact bytes.
func environ(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, entry := range os.Environ() {
		out.WriteString(entry)
		out.WriteByte(0)
	}
	return out.Flush() // reports the first error of all writes
}
