package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/tandem-dev/tandem/internal/fault"
)

// node is the far end of port-forwards: a server that speaks SPDY as the kubelet
// does, with the same library, and refuses WebSockets as old proxies do. It
// stands in for API server, kubelet and pod; the integration tests have those.
type node struct {
	*httptest.Server
	mu      sync.Mutex
	methods []string
	serving sync.WaitGroup // one for each request that is answered
}

// newNode joins each pair of streams by calling serve with the data stream; what
// serve returns goes to the error stream.
func newNode(t *testing.T, serve func(port string, data httpstream.Stream) string) (*node, *Cluster) {
	t.Helper()
	n := &node{}
	n.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.serving.Add(1)
		defer n.serving.Done()
		n.mu.Lock()
		n.methods = append(n.methods, r.Method)
		n.mu.Unlock()
		if !strings.HasSuffix(r.URL.Path, "/api/v1/namespaces/shop/pods/api-1/portforward") {
			status := apierrors.NewNotFound(corev1.Resource("pods"), "api-2").Status()
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(int(status.Code))
			_ = json.NewEncoder(w).Encode(status)
			return
		}
		if r.Method == http.MethodGet {
			http.Error(w, "no WebSockets here", http.StatusBadRequest)
			return
		}
		if _, err := httpstream.Handshake(r, w, []string{portForwardProtocol}); err != nil {
			t.Error(err)
			return
		}
		streams := make(chan httpstream.Stream, 2)
		conn := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(s httpstream.Stream, _ <-chan struct{}) error {
			streams <- s
			return nil
		})
		if conn == nil {
			return
		}
		defer conn.Close()
		pair := map[string]httpstream.Stream{}
		for len(pair) < 2 {
			select {
			case s := <-streams:
				pair[s.Headers().Get(corev1.StreamType)] = s
			case <-conn.CloseChan():
				return
			}
		}
		data, complaint := pair[corev1.StreamTypeData], pair[corev1.StreamTypeError]
		if text := serve(data.Headers().Get(corev1.PortHeader), data); text != "" {
			_, _ = io.WriteString(complaint, text)
		}
		// The library's Close waits for its own reply to the stream's opening, for
		// ever where a client that has closed already did not take that.
		go func() {
			data.Close()
			complaint.Close()
		}()
		// The client closes first, unless the library is stuck with what serve
		// did not read and cannot see that.
		select {
		case <-conn.CloseChan():
		case <-time.After(time.Second):
		}
		_ = data.Reset()
		_ = complaint.Reset()
	}))
	t.Cleanup(func() {
		n.Close() // does not wait for connections that were upgraded
		n.serving.Wait()
	})
	c, err := newCluster(&rest.Config{Host: n.URL, TLSClientConfig: rest.TLSClientConfig{Insecure: true}}, Options{Namespace: "shop", Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	return n, c
}

func echo(_ string, data httpstream.Stream) string {
	_, _ = io.Copy(data, data)
	return ""
}

func dial(t *testing.T, c *Cluster) net.Conn {
	t.Helper()
	conn, err := c.Dial(t.Context(), "shop", "api-1", 2222)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestDialFallsBackToSPDYAndRemembers(t *testing.T) {
	n, c := newNode(t, func(port string, data httpstream.Stream) string {
		_, _ = io.WriteString(data, "port "+port)
		return ""
	})
	for range 2 {
		text, err := io.ReadAll(dial(t, c))
		if err != nil || string(text) != "port 2222" {
			t.Errorf("read %q, %v", text, err)
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if diff := cmp.Diff([]string{"GET", "POST", "POST"}, n.methods); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if c.Streams() != 3 {
		t.Errorf("counted %d upgrades", c.Streams())
	}
}

func TestDialWithoutWebSockets(t *testing.T) {
	t.Setenv("PORT_FORWARD_WEBSOCKETS", "false")
	n, c := newNode(t, echo)
	dial(t, c)
	if !slices.Equal(n.methods, []string{"POST"}) {
		t.Errorf("asked with %v", n.methods)
	}
}

func TestDialNoSuchPod(t *testing.T) {
	n, c := newNode(t, echo)
	_, err := c.Dial(t.Context(), "shop", "api-2", 2222)
	if fault.KindOf(err) != fault.PodGone {
		t.Errorf("%s: %v", fault.KindOf(err), err)
	}
	if len(n.methods) != 1 {
		t.Errorf("a pod that is gone was asked for %d times", len(n.methods))
	}
}

func TestStreamCarriesBytes(t *testing.T) {
	_, c := newNode(t, echo)
	conn := dial(t, c)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // 1 MiB
	done := make(chan error, 1)
	go func() { // ends when all is written; joined below
		_, err := conn.Write(sent)
		done <- err
	}()
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(sent, got) {
		t.Error("the bytes came back changed")
	}
	if got := conn.RemoteAddr().String(); got != "shop/api-1:2222" {
		t.Errorf("remote address %q", got)
	}
}

func TestStreamTellsWhatTheNodeSays(t *testing.T) {
	_, c := newNode(t, func(string, httpstream.Stream) string { return "connection refused in the pod" })
	_, err := io.ReadAll(dial(t, c))
	if fault.KindOf(err) != fault.LinkFailed || !strings.Contains(err.Error(), "connection refused in the pod") {
		t.Errorf("%s: %v", fault.KindOf(err), err)
	}
}

func TestStreamCloseEndsReadAndWrite(t *testing.T) {
	release := make(chan struct{})
	_, c := newNode(t, func(string, httpstream.Stream) string { <-release; return "" })
	defer close(release)
	conn := dial(t, c)
	ended := make(chan error, 2)
	go func() { _, err := conn.Read(make([]byte, 1)); ended <- err }() // both end with Close
	go func() { _, err := conn.Write(make([]byte, 256<<20)); ended <- err }()
	time.Sleep(50 * time.Millisecond) // both may be blocked by now; the test holds either way
	conn.Close()
	for range 2 {
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
	conn.Close()
}

func TestStreamEndsWithTheServer(t *testing.T) {
	n, c := newNode(t, echo)
	conn := dial(t, c)
	n.CloseClientConnections()
	hijacked := make(chan error, 1)
	go func() { _, err := conn.Read(make([]byte, 1)); hijacked <- err }() // ends with Close
	conn.Close()
	if err := <-hijacked; err == nil {
		t.Error("a read from a closed connection succeeded")
	}
}

func TestDialIsCancelled(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	c, err := newCluster(&rest.Config{Host: "http://" + silent.Addr().String()}, Options{Namespace: "shop", Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Dial(ctx, "shop", "api-1", 1); fault.KindOf(err) != fault.Timeout && fault.KindOf(err) != fault.ClusterUnreachable {
		t.Errorf("%s: %v", fault.KindOf(err), err)
	}
}
