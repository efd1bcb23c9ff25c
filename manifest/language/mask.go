package language

import (
	"net/url"
	"regexp"
	"strings"
)

// secretName finds names whose values are not for everybody's eyes.
var secretName = regexp.MustCompile(`(?i)(pass(word|wd|phrase)?|pwd|secret|token|credential|private|api_?key|access_?key|(^|_)auth($|_|orization|entication)|(^|_)key($|_)|dsn|cookie|salt|signature)`)

// Mask is a value as it may be shown: masked where its name sounds secret, or
// where it carries a password in a URL.
func Mask(name, value string) string {
	if value == "" {
		return value
	}
	if secretName.MatchString(name) {
		return "•••"
	}
	if strings.Contains(value, "://") {
		if u, err := url.Parse(value); err != nil {
			return "•••"
		} else if _, has := u.User.Password(); has {
			return u.Redacted()
		} else {
			for parameter := range u.Query() {
				if secretName.MatchString(parameter) {
					return "•••"
				}
			}
		}
	}
	return value
}
