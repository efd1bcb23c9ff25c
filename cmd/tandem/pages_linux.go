package main

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// returnPages takes the pages of the program's own file out of this process's
// memory that only its start needed. The initialization of some 350 packages, most
// of them the cluster's and the debugger's, touches a page in nearly every part of
// the file, and the kernel maps the fifteen around it, too; a server that waits
// for its editor all day needs few of them. They stay in the kernel's cache: what
// is needed again is mapped again, for microseconds.
//
// Where the mappings cannot be read, or are not what they were expected to be,
// nothing happens.
func returnPages() {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		// proc_pid_maps(5): FROM-TO rwxp OFFSET DEVICE INODE PATH
		fields := strings.Fields(lines.Text())
		if len(fields) != 6 || fields[5] != exe || fields[1] != "r-xp" && fields[1] != "r--p" {
			continue // one that can be written has pages that exist nowhere else
		}
		from, to, _ := strings.Cut(fields[0], "-")
		start, err1 := strconv.ParseUint(from, 16, 64)
		end, err2 := strconv.ParseUint(to, 16, 64)
		if err1 != nil || err2 != nil || end <= start {
			continue
		}
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, uintptr(start), uintptr(end-start), syscall.MADV_DONTNEED)
	}
}
