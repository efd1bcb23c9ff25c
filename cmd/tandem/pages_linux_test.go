package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// mapped is what this process holds of files, in KiB: RssFile of proc_pid_status(5).
func mapped(t *testing.T) (kib int) {
	t.Helper()
	content, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		if value, ok := strings.CutPrefix(line, "RssFile:"); ok {
			if _, err := fmt.Sscan(value, &kib); err != nil {
				t.Fatal(err)
			}
		}
	}
	return kib
}

// What the start of the program needed is let go, and the program goes on.
func TestPagesAreReturned(t *testing.T) {
	before := mapped(t)
	returnPages()
	after := mapped(t)
	t.Logf("%d KiB of the program, then %d", before, after)
	if after > before/2 {
		t.Errorf("%d KiB of the program's file are still in memory, of %d", after, before)
	}
}
