package cluster

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// Standing is what one session has in a namespace, as the objects themselves tell:
// nothing of it depends on the machine that it was started from.
type Standing struct {
	// Record is what to give to Restore. Where neither the mark nor the dev
	// Deployment has it, it is pieced together from what is left, without replicas.
	Record Record
	// Marked says that the original bears the session's mark.
	Marked bool
	// Objects are the session's, as Kind/name, without those that the cluster has
	// made of them; kinds that may not be listed are missing.
	Objects []string
	// Pod is the newest dev pod, "" without one.
	Pod string
	// Presence says whether somebody is behind it, and Away for how long nobody was.
	Presence Presence
	Away     time.Duration
}

// Presence says whether a session's machine is connected to its agent.
type Presence string

// The presences. Unknown is an agent that does not run or may not be reached.
const (
	PresenceLinked  Presence = "linked"
	PresenceAway    Presence = "away"
	PresenceUnknown Presence = "unknown"
)

// Standing lists the sessions of a namespace, whoever's they are, by workload:
// those whose mark is on an original, and those of which only objects are left.
// Empty means the Cluster's own namespace. Deployments and StatefulSets must be
// allowed to be listed, everything else only makes the answer better.
func (c *Cluster) Standing(ctx context.Context, namespace string) ([]Standing, error) {
	if namespace == "" {
		namespace = c.namespace
	}
	all := map[string]*Standing{} // by token
	of := func(r Record) *Standing {
		s := all[r.Token]
		if s == nil {
			s = &Standing{Record: r, Presence: PresenceUnknown}
			all[r.Token] = s
		}
		return s
	}
	marked, err := c.FindDiverted(ctx, namespace)
	if err != nil {
		return nil, err
	}
	for _, r := range marked {
		of(r).Marked = true
	}
	deployments, err := c.apps.Deployments(namespace).List(ctx, metav1.ListOptions{LabelSelector: DevLabel})
	if err != nil {
		return nil, call{verb: "list", resource: "deployments.apps", namespace: namespace}.failed(err)
	}
	for i := range deployments.Items {
		d := &deployments.Items[i]
		r, ok := recordIn(d.Annotations[recordAnnotation])
		if !ok {
			r = pieced(&d.ObjectMeta)
		}
		r.Namespace, r.Deployment = d.Namespace, d.Name
		r.Kubeconfig, r.Context = c.kubeconfig, c.context
		s := of(r)
		s.Objects = append(s.Objects, KindDeployment+"/"+d.Name)
	}
	for _, kind := range []struct {
		name, resource string
		client         rest.Interface
	}{
		{"Secret", "secrets", c.core.RESTClient()},
		{"ServiceAccount", "serviceaccounts", c.core.RESTClient()},
		{"Role", "roles", c.rbac.RESTClient()},
		{"RoleBinding", "rolebindings", c.rbac.RESTClient()},
	} {
		found, err := listMetadata(ctx, kind.client, namespace, kind.resource)
		if err != nil && !apierrors.IsForbidden(err) {
			return nil, call{verb: "list", resource: kind.resource, namespace: namespace}.failed(err)
		}
		for i := range found {
			r := pieced(&found[i].ObjectMeta)
			r.Kubeconfig, r.Context = c.kubeconfig, c.context
			if kind.name == "Secret" && !strings.HasSuffix(found[i].Name, guardSuffix) {
				r.Secret = found[i].Name
			}
			s := of(r)
			s.Objects = append(s.Objects, kind.name+"/"+found[i].Name)
			if s.Record.Secret == "" {
				s.Record.Secret = r.Secret
			}
		}
	}
	c.meet(ctx, namespace, all)
	var list []Standing
	for _, s := range all {
		slices.Sort(s.Objects)
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(a.Record.Name, b.Record.Name), cmp.Compare(a.Record.Kind, b.Record.Kind), cmp.Compare(a.Record.Token, b.Record.Token))
	})
	return list, nil
}

// pieced is what an object's marks tell of its session.
func pieced(m *metav1.ObjectMeta) Record {
	r := Record{Token: m.Labels[DevLabel], Namespace: m.Namespace, Session: m.Annotations[sessionIDKey],
		Owner: m.Annotations[ownerKey], Host: m.Annotations[hostKey]}
	r.Since, _ = time.Parse(time.RFC3339, m.Annotations[sinceKey])
	for _, o := range m.OwnerReferences {
		r.Kind, r.Name, r.UID = o.Kind, o.Name, o.UID
	}
	if strings.HasSuffix(m.Name, guardSuffix) {
		r.Guard = m.Name
		r.Deployment = r.Name // the guard's objects belong to the dev Deployment
		r.Kind, r.Name, r.UID = "", "", ""
	}
	if r.Deployment == "" {
		r.Deployment = strings.TrimSuffix(m.Name, "-"+r.Token)
	}
	if r.Secret == "" {
		r.Secret = r.Deployment + "-" + r.Token
	}
	return r
}

// listMetadata lists the session's objects of a kind without their content: no
// Secret's value travels.
func listMetadata(ctx context.Context, client rest.Interface, namespace, resource string) ([]metav1.PartialObjectMetadata, error) {
	text, err := client.Get().Namespace(namespace).Resource(resource).Param("labelSelector", DevLabel).
		SetHeader("Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").Do(ctx).Raw()
	if err != nil {
		return nil, err
	}
	var list metav1.PartialObjectMetadataList
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	return list.Items, nil
}

// greetingPatience bounds the wait for an agent's greeting.
const greetingPatience = 5 * time.Second

// meet asks the agents whether somebody is connected to them.
func (c *Cluster) meet(ctx context.Context, namespace string, all map[string]*Standing) {
	pods, err := c.core.Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: DevLabel})
	if err != nil {
		return
	}
	var asking sync.WaitGroup
	defer asking.Wait()
	for _, s := range all {
		v := view{record: s.Record}
		for i := range pods.Items {
			v.pods = append(v.pods, &pods.Items[i])
		}
		pod := v.devPod()
		if pod == nil {
			continue
		}
		s.Pod = pod.Name
		if s.Record.Port == 0 {
			continue
		}
		asking.Go(func() { // one greeting, joined above
			ctx, cancel := context.WithTimeout(ctx, greetingPatience)
			defer cancel()
			s.Presence, s.Away = c.greeting(ctx, pod.Namespace, pod.Name, s.Record.Port)
		})
	}
}

// greeting reads the agent's identification, which says whether its client is there
// (package agent, presence.go). It proves nothing of who answers: whoever runs in
// the pod could. No key is needed, and none is shown.
func (c *Cluster) greeting(ctx context.Context, namespace, pod string, port int) (Presence, time.Duration) {
	conn, err := c.Dial(ctx, namespace, pod, port)
	if err != nil {
		return PresenceUnknown, 0
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	const most = 255 // RFC 4253, 4.2
	line, _ := bufio.NewReader(io.LimitReader(conn, most)).ReadString('\n')
	return readGreeting(line)
}

func readGreeting(line string) (Presence, time.Duration) {
	_, comment, _ := strings.Cut(strings.TrimSpace(line), " ")
	if comment == "linked" {
		return PresenceLinked, 0
	}
	text, ok := strings.CutPrefix(comment, "away=")
	seconds, err := strconv.Atoi(text)
	if !ok || err != nil || seconds < 0 {
		return PresenceUnknown, 0
	}
	return PresenceAway, time.Duration(seconds) * time.Second
}
