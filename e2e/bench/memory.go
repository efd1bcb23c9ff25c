package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
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

// clockTick is the unit of times in proc_pid_stat(5): USER_HZ, which is 100 on every
// architecture of Linux that Go knows.
const clockTick = 10 * time.Millisecond

// processorTime is what a process has used, in its own code and in the kernel.
func processorTime(pid int) (time.Duration, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseStat(string(content))
}

// parseStat reads the 14th and 15th fields. The second is a name in parentheses,
// which may hold anything.
func parseStat(content string) (time.Duration, error) {
	_, rest, _ := strings.Cut(content[strings.LastIndexByte(content, ')')+1:], " ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("%d fields", len(fields))
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	kernel, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+kernel) * clockTick, errors.Join(err1, err2)
}
