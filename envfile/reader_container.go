package envfile

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDockerLine is what docker reads of a line, in bytes: bufio.Scanner's limit
// less room for the name and the line's end.
const maxDockerLine = 63 << 10

// readDocker models docker/cli's pkg/kvfile: a line is NAME=value as it stands,
// but for the space before the name and a carriage return at the end. A name
// alone takes its value from docker's own environment and is uncertain.
func readDocker(file string) (all []assignment, ok bool) {
	if !utf8.ValidString(file) {
		return nil, false
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(file, "\n"), "\n") {
		line = strings.TrimLeftFunc(strings.TrimSuffix(line, "\r"), unicode.IsSpace)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, found := strings.Cut(line, "=")
		if !found || name == "" || strings.ContainsAny(name, " \t") || len(line) > maxDockerLine+1<<10-2 {
			return nil, false
		}
		all = append(all, assignment{name, value})
	}
	return all, true
}

// readSystemd models load_env_file of systemd (src/basic/env-file.c) on bare
// values of safe characters and on runs of double-quoted text, in which a
// backslash hides " \ $ and `. Other spellings are uncertain.
func readSystemd(file string) (all []assignment, ok bool) {
	for file != "" {
		name, rest, found := strings.Cut(file, "=")
		if !found || strings.ContainsRune(name, '\n') {
			return nil, false
		}
		var value strings.Builder
		for strings.HasPrefix(rest, `"`) {
			end := quotedGrammar{hides: `"`}.closing(rest)
			if end < 0 {
				return nil, false
			}
			text, ok := unescape(rest[1:end], systemdHides, "$`")
			if !ok {
				return nil, false
			}
			value.WriteString(text)
			rest = rest[end+1:]
		}
		bare, after, found := strings.Cut(rest, "\n")
		if !found || !isSafeBare(bare) || bare != "" && value.Len() > 0 {
			return nil, false
		}
		value.WriteString(bare)
		all = append(all, assignment{name, value.String()})
		file = after
	}
	return all, true
}

var systemdHides = map[byte]byte{'"': '"', '\\': '\\', '$': '$', '`': '`'}

// readGitHub models the runner's reader of $GITHUB_ENV: a line with an equals
// sign before any << is NAME=value; one with << first opens a block that ends
// at a line equal to its delimiter.
func readGitHub(file string) (all []assignment, ok bool) {
	for file != "" {
		line, rest, found := strings.Cut(file, "\n")
		if !found || strings.HasSuffix(line, "\r") {
			return nil, false
		}
		equals, block := strings.IndexByte(line, '='), strings.Index(line, "<<")
		if equals >= 0 && (block < 0 || equals < block) {
			all = append(all, assignment{line[:equals], line[equals+1:]})
			file = rest
			continue
		}
		if block <= 0 || line[block+2:] == "" {
			return nil, false
		}
		delimiter := line[block+2:]
		var lines []string
		for {
			next, after, found := strings.Cut(rest, "\n")
			if !found || strings.HasSuffix(next, "\r") {
				return nil, false
			}
			rest = after
			if next == delimiter {
				break
			}
			lines = append(lines, next)
		}
		all = append(all, assignment{line[:block], strings.Join(lines, "\n")})
		file = rest
	}
	return all, true
}
