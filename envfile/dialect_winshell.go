package envfile

import (
	"encoding/base64"
	"strings"
)

// The dialects of the shells of Windows.

// powershell writes printable ASCII in single quotes and all else in Base64,
// since Windows PowerShell reads a script in the system's code page, and takes
// typographic quotes for quotes.
var powershell = &checkedForm{reader: "PowerShell", name: wordName, read: readPowerShell,
	refuse: func(value string) string {
		if value == "" {
			return "its value is empty, which removes a variable in PowerShell before 7.5"
		}
		return ""
	},
	spellings: func(value string) []string {
		if isPrintableASCII(value) {
			return []string{"'" + strings.ReplaceAll(value, "'", "''") + "'"}
		}
		return []string{powershellDecode + base64.StdEncoding.EncodeToString([]byte(value)) + powershellEnd}
	},
	statement: func(name, text string) string { return "${env:" + name + "} = " + text + "\n" },
}

const (
	powershellDecode = "[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('"
	powershellEnd    = "'))"
)

// cmd writes `@set "NAME=value"` with each % doubled; the @ keeps secrets off the
// screen and leaves the caller's echo as it is.
var cmd = &checkedForm{reader: "cmd", name: wordName, read: readCmd,
	refuse: func(value string) string {
		switch {
		case value == "":
			return "its value is empty, which removes a variable in cmd"
		case !isPrintableASCII(value):
			return "its value has other characters than printable ASCII, which cmd reads in the console's code page"
		case len(value) > maxCmdValue:
			return "its value is longer than a line of cmd"
		}
		return ""
	},
	spellings: func(value string) []string { return []string{strings.ReplaceAll(value, "%", "%%")} },
	statement: func(name, text string) string { return `@set "` + name + "=" + text + "\"\r\n" },
}

// cmdHeader stops where delayed expansion would take the exclamation marks out
// of values, rather than set wrong ones.
const cmdHeader = "@rem Written by Tandem. It holds secrets and is overwritten: do not commit, do not edit.\r\n" +
	"@if \"!!\"==\"\" echo tandem: start cmd without delayed expansion (/V:OFF)>&2& exit /b 1\r\n"

// maxCmdValue leaves room for the name, and for doubled percent signs, in the
// 8191 characters of a line.
const maxCmdValue = 3800

// isPrintableASCII takes the space but no tab.
func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
