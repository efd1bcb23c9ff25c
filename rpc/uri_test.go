package rpc

import "testing"

func TestFileURIs(t *testing.T) {
	for _, tc := range []struct {
		uri, path string
		windows   bool
	}{
		{"file:///w/okteto.yml", "/w/okteto.yml", false},
		{"file:///a%20b/%C3%A9%23.yml", "/a b/é#.yml", false},
		{"file:///C:/w/okteto.yml", `C:\w\okteto.yml`, true},
		{"file://server/share/x", `\\server\share\x`, true},
	} {
		if got := fileURI(tc.path, tc.windows); got != tc.uri {
			t.Errorf("fileURI(%q) = %q, want %q", tc.path, got, tc.uri)
		}
		if got, err := filePath(tc.uri, tc.windows); err != nil || got != tc.path {
			t.Errorf("filePath(%q) = %q, %v; want %q", tc.uri, got, err, tc.path)
		}
	}
	// How editors write them, too.
	for uri, want := range map[string]string{
		"file:///c%3A/w":      `C:\w`,
		"FILE:///c:/w":        `C:\w`,
		"file://localhost/C:": `C:`,
	} {
		if got, err := filePath(uri, true); err != nil || got != want {
			t.Errorf("filePath(%q) = %q, %v; want %q", uri, got, err, want)
		}
	}
	for _, bad := range []string{"", "okteto.yml", "https://x/y", "file:", "file://server/x", "file:///%zz", "untitled:Untitled-1"} {
		if got, err := filePath(bad, false); err == nil {
			t.Errorf("filePath(%q) = %q", bad, got)
		}
	}
}
