package harness

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// Labelled lists every object of any kind in the namespace that carries the label,
// as Kind/name, sorted: what a session has made, and what the cluster has made of
// that. Objects that are being deleted are among them.
func (n *Namespace) Labelled(ctx context.Context, label string) ([]string, error) {
	found, err := n.labelled(ctx, label)
	var names []string
	for _, o := range found {
		names = append(names, o.Kind+"/"+o.Name)
	}
	slices.Sort(names)
	return names, err
}

// LabelsOf is Labelled with the labels of each.
func (n *Namespace) LabelsOf(ctx context.Context, label string) (map[string]map[string]string, error) {
	found, err := n.labelled(ctx, label)
	labels := map[string]map[string]string{}
	for _, o := range found {
		labels[o.Kind+"/"+o.Name] = o.Labels
	}
	return labels, err
}

type labelled struct {
	Kind, Name string
	Labels     map[string]string
}

func (n *Namespace) labelled(ctx context.Context, label string) ([]labelled, error) {
	client, err := dynamic.NewForConfig(n.Cluster.Config)
	if err != nil {
		return nil, err
	}
	kinds, err := n.Cluster.Discovery().ServerPreferredNamespacedResources()
	if err != nil {
		return nil, err
	}
	var found []labelled
	for _, list := range kinds {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, kind := range list.APIResources {
			// Events tell of objects and outlive them.
			if !slices.Contains(kind.Verbs, "list") || kind.Kind == "Event" {
				continue
			}
			objects, err := client.Resource(version.WithResource(kind.Name)).Namespace(n.Name).List(ctx, metav1.ListOptions{LabelSelector: label})
			if err != nil {
				return nil, err
			}
			for _, o := range objects.Items {
				found = append(found, labelled{kind.Kind, o.GetName(), o.GetLabels()})
			}
		}
	}
	return found, nil
}
