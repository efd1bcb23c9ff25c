package cluster

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/tandem-dev/tandem/envfile"
)

// Inventory is what a namespace holds, by name: nothing of it is a value. It is
// for people who write a manifest; a session never asks for it.
type Inventory struct {
	Context, Namespace string
	// Workloads are without those that sessions made.
	Workloads []InventoryWorkload
	Services  []InventoryService
	// Secrets and ConfigMaps are names. Where they may not be listed they are
	// those that a workload needs and that could be asked for one by one.
	Secrets, ConfigMaps []string
	// Namespaces are those of the cluster; Contexts those of the kubeconfig.
	Namespaces, Contexts []string
	// Unknown are the lists that are not complete, because they may not be read
	// or are longer than anybody's editor wants: by the names of the resources.
	Unknown []string
}

// InventoryWorkload is a Deployment or StatefulSet.
type InventoryWorkload struct {
	Kind, Name string
	Labels     map[string]string
	// Containers begin with the one that a manifest without `container` means.
	Containers []InventoryContainer
	// Secrets and ConfigMaps are those that a pod cannot start without.
	Secrets, ConfigMaps []string
}

// InventoryContainer is one container of a workload.
type InventoryContainer struct {
	Name  string
	Ports []InventoryPort
	// Variables are the names in its env.
	Variables []string
}

// InventoryService is a Service.
type InventoryService struct {
	Name   string
	Labels map[string]string
	Ports  []InventoryPort
	// AnyPort says that no proxy stands before it: it is headless or external.
	AnyPort bool
}

// InventoryPort is a TCP port with its name, "" for none.
type InventoryPort struct {
	Name   string
	Number int
}

const (
	// inventoryLimit bounds each list.
	inventoryLimit = 500
	// inventoryAsks bounds the objects that are asked for one by one.
	inventoryAsks = 50
)

// Inventory lists the namespace: six requests at the same time, none of which
// reads a Secret's or a ConfigMap's data. What may not be listed is named in
// Unknown; the error is for a cluster that does not answer.
func (c *Cluster) Inventory(ctx context.Context) (*Inventory, error) {
	inv := &Inventory{Context: c.context, Namespace: c.namespace, Contexts: c.contexts()}
	l := lister{c: c, inv: inv}
	g, gctx := errgroup.WithContext(ctx)
	l.ctx = gctx
	g.Go(l.workloads)
	g.Go(l.services)
	g.Go(l.namespaces)
	var secrets, configMaps []string
	var secretsKnown, configMapsKnown bool
	g.Go(func() (err error) { secrets, secretsKnown, err = l.names("secrets"); return err })
	g.Go(func() (err error) { configMaps, configMapsKnown, err = l.names("configmaps"); return err })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	l.ctx = ctx
	var err error
	if inv.Secrets, err = l.needed("secrets", secrets, secretsKnown, func(w InventoryWorkload) []string { return w.Secrets }); err != nil {
		return nil, err
	}
	if inv.ConfigMaps, err = l.needed("configmaps", configMaps, configMapsKnown, func(w InventoryWorkload) []string { return w.ConfigMaps }); err != nil {
		return nil, err
	}
	slices.Sort(inv.Unknown)
	return inv, nil
}

// contexts are the kubeconfig's, sorted; none where it cannot be read.
func (c *Cluster) contexts() []string {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.kubeconfig
	raw, err := rules.Load()
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(raw.Contexts))
}

// lister fills an inventory; its methods run side by side, each with fields of
// its own, and mu guards what they share.
type lister struct {
	c   *Cluster
	ctx context.Context
	inv *Inventory
	mu  sync.Mutex // guards inv.Unknown
}

func (l *lister) unknown(resource string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.inv.Unknown, resource) {
		l.inv.Unknown = append(l.inv.Unknown, resource)
	}
}

// listed says whether a list can be used. One that may not be read is unknown,
// one with more behind it is not complete; any other failure is an error.
func (l *lister) listed(resource, more string, err error) (usable bool, _ error) {
	switch {
	case apierrors.IsForbidden(err):
		l.unknown(resource)
		return false, nil
	case err != nil:
		return false, call{verb: "list", resource: resource, namespace: l.c.namespace}.failed(err)
	case more != "":
		l.unknown(resource)
	}
	return true, nil
}

func (l *lister) workloads() error {
	options := metav1.ListOptions{LabelSelector: "!" + DevLabel, Limit: inventoryLimit}
	deployments, err := l.c.apps.Deployments(l.c.namespace).List(l.ctx, options)
	more := ""
	if err == nil {
		more = deployments.Continue
	}
	if ok, err := l.listed("workloads", more, err); !ok {
		return err
	}
	for i := range deployments.Items {
		l.inv.Workloads = append(l.inv.Workloads, inventoryWorkload(fromDeployment(&deployments.Items[i]), deployments.Items[i].Labels))
	}
	sets, err := l.c.apps.StatefulSets(l.c.namespace).List(l.ctx, options)
	if more = ""; err == nil {
		more = sets.Continue
	}
	if ok, err := l.listed("workloads", more, err); !ok {
		return err
	}
	for i := range sets.Items {
		l.inv.Workloads = append(l.inv.Workloads, inventoryWorkload(fromStatefulSet(&sets.Items[i]), sets.Items[i].Labels))
	}
	return nil
}

func inventoryWorkload(w *Workload, labels map[string]string) InventoryWorkload {
	out := InventoryWorkload{Kind: w.Kind, Name: w.Name, Labels: labels}
	preferred, _ := chooseContainer(w, "") // a template has at least one
	for i := range w.Template.Spec.Containers {
		spec := &w.Template.Spec.Containers[i]
		k := InventoryContainer{Name: spec.Name}
		for _, p := range spec.Ports {
			if p.Protocol == "" || p.Protocol == corev1.ProtocolTCP {
				k.Ports = append(k.Ports, InventoryPort{Name: p.Name, Number: int(p.ContainerPort)})
			}
		}
		for _, e := range spec.Env {
			k.Variables = append(k.Variables, e.Name)
		}
		if k.Name == preferred {
			out.Containers = slices.Insert(out.Containers, 0, k)
		} else {
			out.Containers = append(out.Containers, k)
		}
		refs := envfile.References(spec)
		out.Secrets = appendRequired(out.Secrets, refs.Secrets)
		out.ConfigMaps = appendRequired(out.ConfigMaps, refs.ConfigMaps)
	}
	for _, v := range w.Template.Spec.Volumes {
		if s := v.Secret; s != nil && s.SecretName != "" && (s.Optional == nil || !*s.Optional) {
			out.Secrets = append(out.Secrets, s.SecretName)
		}
		if m := v.ConfigMap; m != nil && m.Name != "" && (m.Optional == nil || !*m.Optional) {
			out.ConfigMaps = append(out.ConfigMaps, m.Name)
		}
	}
	return out
}

func appendRequired(names []string, refs []envfile.Ref) []string {
	for _, r := range refs {
		if !r.Optional {
			names = append(names, r.Name)
		}
	}
	return names
}

func (l *lister) services() error {
	list, err := l.c.core.Services(l.c.namespace).List(l.ctx, metav1.ListOptions{Limit: inventoryLimit})
	more := ""
	if err == nil {
		more = list.Continue
	}
	if ok, err := l.listed("services", more, err); !ok {
		return err
	}
	for _, s := range list.Items {
		out := InventoryService{Name: s.Name, Labels: s.Labels,
			AnyPort: s.Spec.ClusterIP == corev1.ClusterIPNone || s.Spec.Type == corev1.ServiceTypeExternalName}
		for _, p := range s.Spec.Ports {
			if p.Protocol == "" || p.Protocol == corev1.ProtocolTCP {
				out.Ports = append(out.Ports, InventoryPort{Name: p.Name, Number: int(p.Port)})
			}
		}
		l.inv.Services = append(l.inv.Services, out)
	}
	return nil
}

// namespaces are for completion only: developers seldom may list them, and then
// it is their own.
func (l *lister) namespaces() error {
	list, err := l.c.core.Namespaces().List(l.ctx, metav1.ListOptions{Limit: inventoryLimit})
	more := ""
	if err == nil {
		more = list.Continue
	}
	ok, err := l.listed("namespaces", more, err)
	if !ok {
		l.inv.Namespaces = []string{l.c.namespace}
		return err
	}
	for _, n := range list.Items {
		l.inv.Namespaces = append(l.inv.Namespaces, n.Name)
	}
	return nil
}

// metadataOnly makes the API server leave everything but the metadata out of
// its answer, so that no value of a Secret travels.
const (
	metadataList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
	metadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
)

// names lists the names of a resource; known is false where they may not be
// listed, or where there are too many.
func (l *lister) names(resource string) (names []string, known bool, err error) {
	raw, err := l.c.core.RESTClient().Get().Namespace(l.c.namespace).Resource(resource).
		SetHeader("Accept", metadataList).Param("limit", "500").Do(l.ctx).Raw()
	var list metav1.PartialObjectMetadataList
	if err == nil {
		err = json.Unmarshal(raw, &list)
	}
	switch {
	case apierrors.IsForbidden(err):
		return nil, false, nil
	case err != nil:
		return nil, false, call{verb: "list", resource: resource, namespace: l.c.namespace}.failed(err)
	}
	for _, item := range list.Items {
		names = append(names, item.Name)
	}
	return names, list.Continue == "", nil
}

// needed completes a list that is not known by asking for the objects that the
// workloads need, one by one: whoever may run a session may read those.
func (l *lister) needed(resource string, names []string, known bool, of func(InventoryWorkload) []string) ([]string, error) {
	if known {
		return names, nil
	}
	var wanted []string
	for _, w := range l.inv.Workloads {
		wanted = append(wanted, of(w)...)
	}
	slices.Sort(wanted)
	wanted = slices.DeleteFunc(slices.Compact(wanted), func(n string) bool { return slices.Contains(names, n) })
	if len(wanted) > inventoryAsks || slices.Contains(l.inv.Unknown, "workloads") {
		l.unknown(resource)
		return names, nil
	}
	there := make([]bool, len(wanted))
	g, ctx := errgroup.WithContext(l.ctx)
	g.SetLimit(4)
	for i, name := range wanted {
		g.Go(func() error {
			_, err := l.c.core.RESTClient().Get().Namespace(l.c.namespace).Resource(resource).Name(name).
				SetHeader("Accept", metadataOnly).Do(ctx).Raw()
			switch {
			case apierrors.IsForbidden(err):
				l.unknown(resource)
			case err != nil && !apierrors.IsNotFound(err):
				return call{verb: "get", resource: resource, namespace: l.c.namespace, name: name}.failed(err)
			}
			there[i] = err == nil
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i, name := range wanted {
		if there[i] {
			names = append(names, name)
		}
	}
	return names, nil
}
