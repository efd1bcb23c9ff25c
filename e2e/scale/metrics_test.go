package scale

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
)

// server is what an API server says of itself (/metrics).
type server struct {
	resident int64         // bytes
	cpu      time.Duration // used since it started
	watches  int           // that are open
	stored   int64         // bytes of etcd's file that are in use
}

func look(ctx context.Context, c *kubernetes.Clientset) (s server, err error) {
	text, err := c.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return s, err
	}
	found := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, ok := parse(lines.Text())
		if !ok {
			continue
		}
		switch {
		case name == "process_resident_memory_bytes":
			s.resident = int64(value)
		case name == "process_cpu_seconds_total":
			s.cpu = time.Duration(value * float64(time.Second))
		case strings.HasPrefix(name, "apiserver_longrunning_requests{") && strings.Contains(name, `verb="WATCH"`):
			name = "apiserver_longrunning_requests"
			s.watches += int(value)
		case strings.HasPrefix(name, "apiserver_storage_size_bytes{"):
			name = "apiserver_storage_size_bytes"
			s.stored = max(s.stored, int64(value))
		default:
			continue
		}
		found[name] = true
	}
	if len(found) != 4 {
		return s, fmt.Errorf("/metrics has only %v of what is needed", found)
	}
	return s, lines.Err()
}

// parse reads one line of the text format: name, labels in braces, a value.
func parse(line string) (name string, value float64, ok bool) {
	at := strings.LastIndexByte(line, ' ')
	if at < 0 || line[0] == '#' {
		return "", 0, false
	}
	value, err := strconv.ParseFloat(line[at+1:], 64)
	return line[:at], value, err == nil
}
