package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/tandem-dev/tandem/internal/fault"
)

// environPrograms are ways to print a container's environment, the exact ones
// first. The environment of the container's first process is what its program
// was given; that of an exec is the same but for what an entrypoint script
// changed.
var environPrograms = []struct {
	argv         []string
	separator    string
	firstProcess bool
}{
	{[]string{"cat", "/proc/1/environ"}, "\x00", true},
	{[]string{"env", "-0"}, "\x00", false},
	{[]string{"env"}, "\n", false},
}

// splitEnviron splits what such a program printed. Of values with line breaks
// `env` cannot tell where they end, so a line that is no NAME=VALUE fails all.
func splitEnviron(text []byte, separator string) ([]string, error) {
	entries := []string{}
	for entry := range strings.SplitSeq(string(text), separator) {
		if entry == "" {
			continue
		}
		if i := strings.IndexByte(entry, '='); separator == "\n" && i <= 0 {
			return nil, errors.New("the container prints an environment with line breaks, which cannot be told apart")
		}
		entries = append(entries, entry)
	}
	if len(entries) == 0 {
		return nil, errors.New("the container shows no environment")
	}
	return entries, nil
}

// most output that is kept of a program; an environment is far smaller.
const mostOutput = 8 << 20

// exec runs argv in a container and returns what it prints. A program that
// fails or is not there is an error.
func (c *Cluster) exec(ctx context.Context, p *corev1.Pod, container string, argv []string) ([]byte, error) {
	endpoint := c.core.RESTClient().Post().Resource("pods").Namespace(p.Namespace).Name(p.Name).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: container, Command: argv, Stdout: true, Stderr: true}, scheme.ParameterCodec).URL()
	request := call{verb: "create", resource: "pods/exec", namespace: p.Namespace, name: p.Name}
	config := c.now().config
	webSocket, err := remotecommand.NewWebSocketExecutor(config, "GET", endpoint.String())
	if err != nil {
		return nil, request.failed(err)
	}
	spdy, err := remotecommand.NewSPDYExecutor(config, "POST", endpoint)
	if err != nil {
		return nil, request.failed(err)
	}
	executor, err := remotecommand.NewFallbackExecutor(webSocket, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
	if err != nil {
		return nil, request.failed(err)
	}
	out, complaint := &bounded{limit: mostOutput}, &bounded{limit: 4 << 10}
	if err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: out, Stderr: complaint}); err != nil {
		return nil, request.notRun(err)
	}
	if out.over {
		return nil, fmt.Errorf("%q prints more than %d bytes", argv, mostOutput)
	}
	return out.Bytes(), nil
}

// notRun maps the failure of an exec. The SPDY executor hands a refusal of the
// API server on as text alone.
func (k call) notRun(err error) error {
	if err = cause(err); strings.Contains(err.Error(), " is forbidden: ") {
		return fault.Wrap(err, fault.PermissionDenied, "you may not %s", k).
			Hint("ask for a Role that allows %q on %s in namespace %q", k.verb, k.resource, k.namespace).
			With("missing", []string{k.verb + " " + k.resource})
	}
	return k.failed(err)
}

// bounded keeps the first limit bytes. It takes all, since a Write that fails
// would leave the stream hanging.
type bounded struct {
	bytes.Buffer
	limit int
	over  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.limit - b.Len(); len(p) > room {
		b.over = true
		b.Buffer.Write(p[:room])
		return len(p), nil
	}
	return b.Buffer.Write(p)
}
