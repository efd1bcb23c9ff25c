package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// memory is what a process has in memory, in bytes.
type memory struct{ Resident, Peak int64 }

// memoryOf reads proc_pid_status(5): VmRSS and VmHWM.
func memoryOf(pid int) (memory, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{}, err
	}
	return parseStatus(content)
}

func parseStatus(content []byte) (m memory, err error) {
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		into := map[string]*int64{"VmRSS": &m.Resident, "VmHWM": &m.Peak}[name]
		if into == nil {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return m, fmt.Errorf("%s: %w", name, err)
		}
		*into = kib << 10
	}
	if m.Resident == 0 || m.Peak == 0 {
		return m, fmt.Errorf("no VmRSS or VmHWM")
	}
	return m, lines.Err()
}
