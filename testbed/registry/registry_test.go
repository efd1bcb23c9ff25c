package registry

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/crane"

	"github.com/tandem-dev/tandem/testbed/image"
)

func TestPushThenPull(t *testing.T) {
	server := httptest.NewServer(Handler(t.TempDir()))
	defer server.Close()
	ref := strings.TrimPrefix(server.URL, "http://") + "/shop/thing:1"
	img, err := image.Build(image.Spec{Env: []string{"A=1"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := crane.Push(img, ref, crane.Insecure); err != nil {
		t.Fatal(err)
	}
	pushed, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if pulled, err := crane.Digest(ref, crane.Insecure); err != nil || pulled != pushed.String() {
		t.Errorf("pulled %s %v, pushed %s", pulled, err, pushed)
	}
}

func TestRunNamesTheBusyPort(t *testing.T) {
	server := httptest.NewServer(nil)
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	if err := Run([]string{"-listen", address, "-dir", t.TempDir()}); err == nil || !strings.Contains(err.Error(), address) {
		t.Errorf("got %v, want an error that names %s", err, address)
	}
}
