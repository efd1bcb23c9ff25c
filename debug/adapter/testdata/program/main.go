// Command program is what the tests debug.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

// linked is set by a flag of the build.
var linked = "by default"

func add(a, b int) int {
	sum := a + b // line of the breakpoint
	return sum
}

func main() {
	secret := os.Getenv("PROGRAM_SECRET")
	if len(os.Args) > 1 && os.Args[1] == "family" {
		child := exec.Command("sleep", "3600")
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Println("child", child.Process.Pid)
	}
	fmt.Println("program says", add(1, 2), len(secret), linked, os.Args[1:])
	if len(os.Args) > 1 {
		for {
			time.Sleep(10 * time.Millisecond)
			add(3, 4)
		}
	}
}
