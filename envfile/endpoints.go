package envfile

import (
	"regexp"
	"strings"
)

// place is one endpoint in a value: value[start:end] is what a rewrite
// replaces, value[host:hostEnd] the host without brackets. The port is the
// scheme's own where the text has none.
type place struct {
	start, end    int
	host, hostEnd int
	port          string
}

// schemePorts are the ports of URLs that name none.
var schemePorts = map[string]string{
	"http": "80", "https": "443", "ws": "80", "wss": "443", "grpc": "443", "ldap": "389", "ldaps": "636",
	"postgres": "5432", "postgresql": "5432", "mysql": "3306", "mariadb": "3306", "sqlserver": "1433",
	"mongodb": "27017", "redis": "6379", "rediss": "6379", "memcached": "11211", "clickhouse": "9000",
	"amqp": "5672", "amqps": "5671", "nats": "4222", "mqtt": "1883", "kafka": "9092",
}

// linkDetail is the end of a docker link's variable behind X_PORT_.
var linkDetail = regexp.MustCompile(`^[0-9]+_(?:TCP|UDP|SCTP)(?:_|$)`)

// Characters that end the authority of a URL, and those that end a user's name
// and password in front of an @. A list of hosts is one authority.
const (
	authorityEnds = "/?# \t\r\n\"'`<>(){};"
	userinfoEnds  = "/,; \t\r\n()[]{}<>\"'?&#"
)

// endpoints finds, in order, everything in a value that is a host with a port.
// It errs on the side of finding nothing: a host ends where a character stands
// that no host has, a single slash in front makes it a part of a path, a colon
// a part of something else, and whatever an @ follows is a user's name and
// password. The time is linear in the length of the value.
func endpoints(value string) []place {
	var all []place
	implied := "" // the port of the scheme, inside of a URL's authority
	stop := 0     // where userinfo would end, at or behind i
	for i := 0; i < len(value); {
		if strings.HasPrefix(value[i:], "://") {
			implied = schemePort(value[:i])
			i += len("://")
			continue
		}
		p, next, ok := hostAt(value, i)
		if !ok {
			if strings.IndexByte(authorityEnds, value[i]) >= 0 {
				implied = ""
			}
			i = next
			continue
		}
		i = next
		if stop < p.end {
			stop = len(value)
			if n := strings.IndexAny(value[p.end:], userinfoEnds+"@"); n >= 0 {
				stop = p.end + n
			}
		}
		if !mayStart(value, p.start) || stop < len(value) && value[stop] == '@' {
			continue
		}
		if end, found := portEnd(value, p.end); found {
			p.port, p.end = value[p.end+1:end], end
			i = end
			all = append(all, p)
		} else if implied != "" && (p.end == len(value) || strings.IndexByte(authorityEnds+",", value[p.end]) >= 0) {
			p.port = implied
			all = append(all, p)
		}
	}
	return all
}

// schemePort is the port of the scheme at the end of text, "" for none. What a
// program adds behind a + (postgresql+psycopg2) is its own affair, but +srv
// names no host at all.
func schemePort(text string) string {
	first := len(text)
	for first > 0 && (hostByte(text[first-1]) || text[first-1] == '+') {
		first--
	}
	scheme, driver, _ := strings.Cut(strings.ToLower(text[first:]), "+")
	if driver == "srv" {
		return ""
	}
	return schemePorts[scheme]
}

// hostAt reads a host, plain or in brackets, that starts at i; next is where to
// go on.
func hostAt(value string, i int) (p place, next int, ok bool) {
	if value[i] == '[' {
		end := i + 1
		for end < len(value) && strings.IndexByte("0123456789abcdefABCDEF:.", value[end]) >= 0 {
			end++
		}
		if end > i+1 && end < len(value) && value[end] == ']' {
			return place{start: i, end: end + 1, host: i + 1, hostEnd: end}, end + 1, true
		}
		return p, i + 1, false
	}
	end := i
	for end < len(value) && hostByte(value[end]) {
		end++
	}
	if end == i {
		return p, i + 1, false
	}
	return place{start: i, end: end, host: i, hostEnd: end}, end, true
}

// hostByte says whether c can be part of a host. Underscores and what is not
// ASCII are not, in the strict sense, but they make a longer word of it.
func hostByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == '-' || c == '_' || c >= 0x80
}

// mayStart looks at what stands in front of a host.
func mayStart(value string, at int) bool {
	if at == 0 {
		return true
	}
	switch value[at-1] {
	case ':', '%', ']':
		return false
	case '/':
		return at >= 2 && value[at-2] == '/'
	}
	return !hostByte(value[at-1])
}

// portEnd is the end of the digits behind a colon at i.
func portEnd(value string, i int) (end int, ok bool) {
	if i >= len(value) || value[i] != ':' {
		return i, false
	}
	end = i + 1
	for end < len(value) && value[end] >= '0' && value[end] <= '9' {
		end++
	}
	if n := end - i - 1; n == 0 || n > 5 {
		return i, false
	}
	return end, end == len(value) || !hostByte(value[end])
}
