package tunnel

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// findOwner looks the listening socket up in the kernel's tables and then for
// the process that has it open. An invalid address matches any.
func findOwner(wanted netip.Addr, port uint16) (owner, bool) {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(table)
		if err != nil {
			continue
		}
		inode, ok := findListener(f, wanted, port)
		f.Close()
		if !ok {
			continue
		}
		if o, ok := processWithSocket(inode); ok {
			return o, true
		}
	}
	return owner{}, false
}

// findListener reads a table in the format of /proc/net/tcp and gives the inode
// of a listening socket that a bind to wanted:port collides with.
func findListener(table io.Reader, wanted netip.Addr, port uint16) (inode uint64, ok bool) {
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		local, inode, ok := parseListener(lines.Text())
		if !ok || local.Port() != port {
			continue
		}
		have := local.Addr()
		if have == wanted || have.IsUnspecified() || !wanted.IsValid() || wanted.IsUnspecified() {
			return inode, true
		}
	}
	return 0, false
}

// parseListener reads one line: slot, local address, remote address, state, ...
// and the inode as the tenth field (proc_pid_net(5)). Addresses are words of 32
// bits in the machine's byte order, in hexadecimal. ok is false for the heading
// and for sockets that do not listen (state 0A).
func parseListener(line string) (local netip.AddrPort, inode uint64, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 10 || fields[3] != "0A" {
		return netip.AddrPort{}, 0, false
	}
	address, digits, found := strings.Cut(fields[1], ":")
	raw, err := hex.DecodeString(address)
	if !found || err != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, 0, false
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	ip, isIP := netip.AddrFromSlice(raw)
	port, portErr := strconv.ParseUint(digits, 16, 16)
	inode, inodeErr := strconv.ParseUint(fields[9], 10, 64)
	if !isIP || portErr != nil || inodeErr != nil {
		return netip.AddrPort{}, 0, false
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(port)), inode, true
}

// processWithSocket searches the open files of every process that this user may
// look into.
func processWithSocket(inode uint64) (owner, bool) {
	want := fmt.Sprintf("socket:[%d]", inode)
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return owner{}, false
	}
	for _, p := range processes {
		pid, err := strconv.Atoi(p.Name())
		if err != nil {
			continue
		}
		files := filepath.Join("/proc", p.Name(), "fd")
		entries, err := os.ReadDir(files)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if target, err := os.Readlink(filepath.Join(files, e.Name())); err != nil || target != want {
				continue
			}
			name, err := os.ReadFile(filepath.Join("/proc", p.Name(), "comm"))
			if err != nil {
				return owner{}, false
			}
			return owner{pid: pid, command: strings.TrimSpace(string(name))}, true
		}
	}
	return owner{}, false
}
