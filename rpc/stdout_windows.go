package rpc

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// ClaimStdout takes the standard output for the protocol: it returns the real
// one and lets everything else that writes to standard output (a library's
// print, a child's inherited handle) reach standard error instead, where it
// cannot break a frame. Call it first thing, once; the file is the caller's.
func ClaimStdout() (*os.File, error) {
	real := os.Stdout
	stderr, err := windows.GetStdHandle(windows.STD_ERROR_HANDLE)
	if err != nil {
		return nil, fmt.Errorf("looking for standard error: %w", err)
	}
	if err := windows.SetStdHandle(windows.STD_OUTPUT_HANDLE, stderr); err != nil {
		return nil, fmt.Errorf("pointing standard output at standard error: %w", err)
	}
	os.Stdout = os.Stderr
	return real, nil
}
