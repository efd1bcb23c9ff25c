package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/websocket"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/tandem-dev/tandem/internal/fault"
)

const (
	portForwardProtocol = "portforward.k8s.io"
	// tunnelProtocol carries SPDY frames in WebSocket messages (KEP-4006); on
	// by default from Kubernetes 1.31.
	tunnelProtocol = "SPDY/3.1+" + portForwardProtocol
)

// Dial opens a connection to a port on the loopback of a pod, through the API
// server's port-forward. Each call makes one connection to the API server that
// carries one stream pair, so that connections do not hold each other up and an
// error of one ends one. WebSocket is tried first, SPDY when a server or proxy
// refuses that; PORT_FORWARD_WEBSOCKETS=false (or kubectl's
// KUBECTL_PORT_FORWARD_WEBSOCKETS) goes to SPDY at once. Ctx bounds the dialing
// only.
//
// The connection must be read from all the time: reading is what answers the
// server's pings. It knows no deadlines; Close ends a blocked Read and Write.
//
// That the pod refuses the port, or the node the streams, shows at the first Read,
// not here: nothing waits for their answer. Errors: fault.PodGone when there is no
// such pod, fault.PermissionDenied, fault.ClusterUnreachable.
func (c *Cluster) Dial(ctx context.Context, namespace, pod string, port int) (net.Conn, error) {
	return c.dial(ctx, namespace, pod, port, c.upgradeConnection)
}

// DialData is Dial for connections that move much: it tries SPDY first, which the
// API server passes on as it is, where WebSocket messages are taken apart and
// joined again: a fifth more bytes per second.
func (c *Cluster) DialData(ctx context.Context, namespace, pod string, port int) (net.Conn, error) {
	return c.dial(ctx, namespace, pod, port, func(ctx context.Context, endpoint *url.URL) (net.Conn, error) {
		if c.noSPDY.Load() {
			return c.upgradeConnection(ctx, endpoint)
		}
		conn, err := c.dialSPDY(ctx, endpoint)
		if err == nil || ctx.Err() != nil || apierrors.IsNotFound(err) || apierrors.IsUnauthorized(err) {
			return conn, err
		}
		conn, second := c.dialWebSocket(ctx, endpoint)
		if second != nil {
			return nil, err
		}
		c.logger.Debug().Err(err).Msg("the API server refuses SPDY, using WebSockets from now on")
		c.noSPDY.Store(true)
		return conn, nil
	})
}

func (c *Cluster) dial(ctx context.Context, namespace, pod string, port int, upgrade func(context.Context, *url.URL) (net.Conn, error)) (net.Conn, error) {
	endpoint := c.core.RESTClient().Post().Namespace(namespace).Resource("pods").Name(pod).SubResource("portforward").URL()
	request := call{verb: "create", resource: "pods/portforward", namespace: namespace, name: pod, missing: fault.PodGone}

	raw, err := upgrade(ctx, endpoint)
	if err != nil {
		return nil, request.failed(cause(err))
	}
	conn, err := openPair(ctx, raw, fmt.Sprintf("%s/%s:%d", namespace, pod, port), port)
	if err != nil {
		return nil, request.failed(err)
	}
	return conn, nil
}

func (c *Cluster) upgradeConnection(ctx context.Context, endpoint *url.URL) (net.Conn, error) {
	if c.spdyOnly.Load() || webSocketsOff() {
		return c.dialSPDY(ctx, endpoint)
	}
	conn, err := c.dialWebSocket(ctx, endpoint)
	if err == nil || !worthSPDY(err) {
		return conn, err
	}
	conn, second := c.dialSPDY(ctx, endpoint)
	if second != nil {
		return nil, second // the older protocol's error is the plainer one
	}
	c.logger.Debug().Err(err).Msg("the API server refuses WebSockets, using SPDY from now on")
	c.spdyOnly.Store(true)
	return conn, nil
}

func webSocketsOff() bool {
	for _, name := range []string{"PORT_FORWARD_WEBSOCKETS", "KUBECTL_PORT_FORWARD_WEBSOCKETS"} {
		if strings.EqualFold(os.Getenv(name), "false") {
			return true
		}
	}
	return false
}

// worthSPDY tells a refusal of the protocol from one of the request. A 403 is
// worth another try: WebSocket asks for the verb get, SPDY for create.
func worthSPDY(err error) bool {
	if apierrors.IsNotFound(cause(err)) || apierrors.IsUnauthorized(cause(err)) {
		return false
	}
	// The predicates must be those of k8s.io/streaming: the WebSocket round
	// tripper returns that package's error type, which the older package of the
	// same name does not recognise.
	return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
}

// cause takes the API status out of an upgrade failure, which does not unwrap.
func cause(err error) error {
	var failure *httpstream.UpgradeFailureError
	if errors.As(err, &failure) {
		return failure.Cause
	}
	return err
}

func (c *Cluster) dialWebSocket(ctx context.Context, endpoint *url.URL) (net.Conn, error) {
	transport, holder, err := websocket.RoundTripperFor(c.now().config)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint.String(), nil)
	if err != nil {
		return nil, err
	}
	conn, err := websocket.Negotiate(transport, holder, r, tunnelProtocol)
	if err != nil {
		return nil, err
	}
	return portforward.NewTunnelingConnection("tandem", conn), nil
}

func (c *Cluster) dialSPDY(ctx context.Context, endpoint *url.URL) (net.Conn, error) {
	transport, err := c.now().upgrade()
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint.String(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "SPDY/3.1")
	r.Header.Set("X-Stream-Protocol-Version", portForwardProtocol)
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		defer answer.Body.Close()
		return nil, refusal(answer)
	}
	body, ok := answer.Body.(io.ReadWriteCloser)
	if !ok {
		answer.Body.Close()
		return nil, fmt.Errorf("the upgraded connection cannot be written to (%T)", answer.Body)
	}
	return upgraded{body}, nil
}

var statusDecoder = func() runtime.Decoder {
	scheme := runtime.NewScheme()
	scheme.AddUnversionedTypes(metav1.SchemeGroupVersion, &metav1.Status{})
	return serializer.NewCodecFactory(scheme).UniversalDeserializer()
}()

// refusal reads the API status that a failed upgrade carries.
func refusal(answer *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err == nil {
		if object, _, err := statusDecoder.Decode(text, nil, nil); err == nil {
			if status, ok := object.(*metav1.Status); ok {
				return &apierrors.StatusError{ErrStatus: *status}
			}
		}
	}
	return apierrors.NewGenericServerResponse(answer.StatusCode, http.MethodPost,
		corev1.Resource("pods/portforward"), "", strings.TrimSpace(string(text)), 0, false)
}
