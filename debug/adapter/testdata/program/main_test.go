package main

import (
	"os"
	"testing"
)

func TestAdd(t *testing.T) {
	if os.Getenv("PROGRAM_SECRET") == "" {
		t.Error("no secret")
	}
	if add(2, 2) != 4 {
		t.Error("2 + 2")
	}
}
