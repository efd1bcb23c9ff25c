package manifest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tandem-dev/tandem/internal/fault"
)

func TestForwardRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Forward{
			Local:   rapid.IntRange(0, 65535).Draw(t, "local"),
			Remote:  rapid.IntRange(1, 65535).Draw(t, "remote"),
			Service: rapid.StringMatching(`([a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?)?`).Draw(t, "service"),
		}
		got, err := ParseForward(want.String())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestReverseRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Reverse{Remote: rapid.IntRange(1, 65535).Draw(t, "remote"), Local: rapid.IntRange(1, 65535).Draw(t, "local")}
		got, err := ParseReverse(want.String())
		if err != nil || got != want {
			t.Fatalf("%s: %v, %v", want, got, err)
		}
	})
}

// TestPortRange: a port outside its range is never accepted, one inside always.
func TestPortRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		local := rapid.IntRange(-70000, 140000).Draw(t, "local")
		remote := rapid.IntRange(-70000, 140000).Draw(t, "remote")
		spec := fmt.Sprintf("%d:%d", local, remote)
		_, err := ParseForward(spec)
		if ok := local >= 0 && local <= 65535 && remote >= 1 && remote <= 65535; ok != (err == nil) {
			t.Fatalf("forward %s: %v", spec, err)
		}
		_, err = ParseReverse(spec)
		if ok := local >= 1 && local <= 65535 && remote >= 1 && remote <= 65535; ok != (err == nil) {
			t.Fatalf("reverse %s: %v", spec, err)
		}
	})
}

func TestParseForwardErrors(t *testing.T) {
	for _, spec := range []string{"", ":", "::", "8080", "a:b", "+1:1", "-0:1", "1:+1", " 1:1", "1:1 ", "0x10:1", "1::1",
		"1:a b:1", "1:-a:1", "1:http://x:1", "1:svc:0", "1:a:b:1", "٣:1"} {
		if f, err := ParseForward(spec); !errors.Is(err, fault.InvalidParams) || fault.HintOf(err) == "" {
			t.Errorf("ParseForward(%q) = %v, %v", spec, f, err)
		}
	}
	if got := fault.HintOf(func() error { _, err := ParseReverse("8080"); return err }()); got != "write 8080:8080 for the same port on both sides" {
		t.Errorf("hint = %q", got)
	}
}

func TestForwardString(t *testing.T) {
	f := Forward{Local: 1, Remote: 2, Labels: map[string]string{"b": "2", "a": "1"}}
	if got := f.String(); got != "1:{a=1,b=2}:2" {
		t.Errorf("String = %s", got)
	}
}
