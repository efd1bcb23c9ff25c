package cluster

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// metered counts what its connections receive.
type metered struct{ received atomic.Int64 }

func (m *metered) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	return meteredConn{conn, m}, err
}

type meteredConn struct {
	net.Conn
	m *metered
}

func (c meteredConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.m.received.Add(int64(n))
	return n, err
}

// The ten ConfigMaps and Secrets of an environment are followed by a watch for
// each, not by one for all metadata of a kind in the namespace, although that
// would be fewer. This is why, measured: such a watch brings everybody's changes
// here, and with kubectl's last-applied-configuration, which is metadata, the
// values of everybody's Secrets. docs/ARCHITECTURE.md has the decision.
func TestWatchesByNameAndOfMetadata(t *testing.T) {
	l := newLab(t, "restricted")
	ctx, core := t.Context(), l.admin.CoreV1()
	const own, others, rounds, clients = 10, 40, 5, 20
	const value = "aHVudGVyMg==" // hunter2
	applied := map[string]string{corev1.LastAppliedConfigAnnotation: `{"apiVersion":"v1","data":{"password":"` + value + `"},"kind":"Secret"}`}
	name := func(i int) string { return fmt.Sprintf("object-%d", i) }
	for i := range own + others {
		meta := metav1.ObjectMeta{Name: name(i), Annotations: applied}
		var err error
		if i%2 == 0 {
			_, err = core.ConfigMaps(l.namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"text": strings.Repeat("x", 1000)}}, metav1.CreateOptions{})
		} else {
			_, err = core.Secrets(l.namespace).Create(ctx, &corev1.Secret{ObjectMeta: meta, StringData: map[string]string{"password": "hunter2"}}, metav1.CreateOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	list, err := core.Secrets(l.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	from := metav1.ListOptions{ResourceVersion: list.ResourceVersion}

	byName := func(config *rest.Config) (all []watch.Interface) {
		set, err := kubernetes.NewForConfig(config)
		for i := range own {
			if err != nil {
				break
			}
			o := from
			o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, name(i)).String()
			var w watch.Interface
			if i%2 == 0 {
				w, err = set.CoreV1().ConfigMaps(l.namespace).Watch(ctx, o)
			} else {
				w, err = set.CoreV1().Secrets(l.namespace).Watch(ctx, o)
			}
			all = append(all, w)
		}
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	ofMetadata := func(config *rest.Config) (all []watch.Interface) {
		client, err := metadata.NewForConfig(config)
		for _, resource := range []string{"configmaps", "secrets"} {
			if err != nil {
				break
			}
			var w watch.Interface
			w, err = client.Resource(corev1.SchemeGroupVersion.WithResource(resource)).Namespace(l.namespace).Watch(ctx, from)
			all = append(all, w)
		}
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	// open has the watches of a number of sessions, each with a connection.
	type ways struct {
		meters  []*metered
		watches []watch.Interface
		memory  int64
	}
	open := func(how func(*rest.Config) []watch.Interface) (w ways) {
		before := inUse()
		for range clients {
			config, err := clientcmd.BuildConfigFromFlags("", l.kubeconfig)
			if err != nil {
				t.Fatal(err)
			}
			m := &metered{}
			config.Dial, config.QPS, config.Burst = m.dial, 200, 400
			w.meters = append(w.meters, m)
			w.watches = append(w.watches, how(config)...)
		}
		w.memory = (inUse() - before) / clients
		return w
	}
	named, meta := open(byName), open(ofMetadata)
	var reading sync.WaitGroup
	var namedEvents, metaEvents, leaked atomic.Int64
	read := func(w ways, events *atomic.Int64) {
		for _, w := range w.watches {
			reading.Go(func() {
				for e := range w.ResultChan() {
					if e.Type != watch.Modified {
						continue // the end of the watch
					}
					events.Add(1)
					if o, ok := e.Object.(metav1.Object); ok && o.GetName() == name(own+1) && strings.Contains(o.GetAnnotations()[corev1.LastAppliedConfigAnnotation], value) {
						leaked.Add(1)
					}
				}
			})
		}
	}
	read(named, &namedEvents)
	read(meta, &metaEvents)
	start := func(w ways) (n int64) {
		for _, m := range w.meters {
			n += m.received.Load()
		}
		return n
	}
	namedBefore, metaBefore := start(named), start(meta)
	change := func(i, round int) {
		body := fmt.Appendf(nil, `{"metadata":{"labels":{"round":"%d"}}}`, round)
		var err error
		if i%2 == 0 {
			_, err = core.ConfigMaps(l.namespace).Patch(ctx, name(i), types.MergePatchType, body, metav1.PatchOptions{})
		} else {
			_, err = core.Secrets(l.namespace).Patch(ctx, name(i), types.MergePatchType, body, metav1.PatchOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for round := range rounds { // others work
		for i := own; i < own+others; i++ {
			change(i, round)
		}
	}
	for i := range own { // what the session is to notice
		change(i, rounds)
	}
	await := func(n *atomic.Int64, want int64) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); n.Load() < want; {
			if time.Now().After(end) {
				t.Fatalf("%d events, want %d", n.Load(), want)
			}
			runtime.Gosched()
		}
	}
	await(&namedEvents, clients*own)
	await(&metaEvents, clients*(own+others*rounds))
	perNamed, perMeta := (start(named)-namedBefore)/clients, (start(meta)-metaBefore)/clients
	for _, w := range append(named.watches, meta.watches...) {
		w.Stop()
	}
	reading.Wait()
	t.Logf("a session's %d sources, and %d changes of others': %d watches by name take %d KiB and receive %d bytes; 2 of metadata take %d KiB and receive %d bytes",
		own, others*rounds, own, named.memory>>10, perNamed, meta.memory>>10, perMeta)
	if namedEvents.Load() != clients*own {
		t.Errorf("the watches by name have %d events, want %d: they bring others' changes", namedEvents.Load(), clients*own)
	}
	if leaked.Load() == 0 {
		t.Error("no value of somebody else's Secret came with the metadata: the decision can be made anew")
	}
}

// inUse is what the heap and the stacks take.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
