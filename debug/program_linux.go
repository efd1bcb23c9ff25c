package debug

import (
	"debug/buildinfo"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ProgramUnder is the program that a command has started: the first process built
// by Go, below pid or itself, that is not the go command. Where there is none it is
// pid.
func ProgramUnder(pid int) int {
	queue := []int{pid}
	for i := 0; i < len(queue); i++ {
		info, err := buildinfo.ReadFile("/proc/" + strconv.Itoa(queue[i]) + "/exe")
		if err == nil && info.Path != "cmd/go" {
			return queue[i]
		}
		lists, _ := filepath.Glob("/proc/" + strconv.Itoa(queue[i]) + "/task/*/children") // the pattern is well-formed
		for _, list := range lists {
			content, err := os.ReadFile(list)
			if err != nil {
				continue // it has ended
			}
			for _, child := range strings.Fields(string(content)) {
				if n, err := strconv.Atoi(child); err == nil {
					queue = append(queue, n)
				}
			}
		}
	}
	return pid
}
