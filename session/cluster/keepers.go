package cluster

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Keeper is a program that keeps a workload as something else says: a Helm
// release, a Git repository, an operator's own object. It may change the workload
// during a session.
type Keeper struct {
	// Tool is "Helm", "Argo CD", "Flux", or the kind of the object that owns it.
	Tool string
	// Name is the release, application, Kustomization or owner.
	Name string
	// Evidence is what tells so, as it stands on the workload.
	Evidence string
	// Replicas says that it is known to write the number of replicas.
	Replicas bool
	// Effect is what that means for a session, Advice what to do about it.
	Effect, Advice string
}

// Marks of tools on what they install.
const (
	helmManagedBy     = "Helm"
	helmReleaseName   = "meta.helm.sh/release-name"
	argoTracking      = "argocd.argoproj.io/tracking-id"
	argoInstance      = "argocd.argoproj.io/instance"
	fluxKustomization = "kustomize.toolkit.fluxcd.io/name"
	fluxHelmRelease   = "helm.toolkit.fluxcd.io/name"
)

// Names that tools give themselves as field managers.
var (
	helmManagers = []string{"helm", "Helm"}
	argoManagers = []string{"argocd-controller", "argocd-application-controller"}
	fluxManagers = []string{"kustomize-controller", "helm-controller"}
)

// Keepers tells who keeps the workload, by the labels and annotations that tools
// leave and by the names under which the API server knows who wrote it. No
// request. One that leaves neither is not found.
func (w *Workload) Keepers() []Keeper {
	var found []Keeper
	add := func(k Keeper, managers []string) {
		k.Replicas = w.writesReplicas(managers)
		found = append(found, k)
	}
	if mark, name, ok := w.fluxMark(); ok {
		kind, command := "Kustomization", "kustomization"
		if strings.HasPrefix(mark, "helm.") {
			kind, command = "HelmRelease", "helmrelease"
		}
		add(Keeper{Tool: "Flux", Name: kind + " " + name, Evidence: "label " + mark,
			Advice: fmt.Sprintf("`flux suspend %s %s` for the session", command, name)}, fluxManagers)
	}
	if application, evidence, ok := w.argoMark(); ok {
		add(Keeper{Tool: "Argo CD", Name: application, Evidence: evidence,
			Advice: "switch the application's self-heal off for the session"}, argoManagers)
	}
	if release := w.annotations[helmReleaseName]; release != "" || w.labels[managedByLabel] == helmManagedBy {
		evidence := "annotation " + helmReleaseName
		if release == "" {
			release, evidence = "unknown", "label "+managedByLabel
		}
		add(Keeper{Tool: "Helm", Name: "release " + release, Evidence: evidence}, helmManagers)
	}
	if owner := controllerOf(w.owners); owner != nil {
		found = append(found, Keeper{Tool: owner.Kind, Name: owner.Name, Evidence: "owner reference", Replicas: true,
			Advice: fmt.Sprintf("the operator behind %s %q may have a way to pause it", owner.Kind, owner.Name)})
	}
	for i := range found {
		found[i].foresee(w)
	}
	return found
}

func controllerOf(owners []metav1.OwnerReference) *metav1.OwnerReference {
	i := slices.IndexFunc(owners, func(o metav1.OwnerReference) bool { return o.Controller != nil && *o.Controller })
	if i < 0 {
		return nil
	}
	return &owners[i]
}

func (w *Workload) fluxMark() (mark, name string, ok bool) {
	for _, mark := range []string{fluxHelmRelease, fluxKustomization} {
		if name := w.labels[mark]; name != "" {
			return mark, name, true
		}
	}
	return "", "", false
}

// argoMark reads what Argo CD tracks its resources by: an annotation
// APPLICATION:GROUP/KIND:NAMESPACE/NAME, or a label, whose default
// app.kubernetes.io/instance other tools use as well: that one counts only where
// Argo CD is known to have written the workload.
func (w *Workload) argoMark() (application, evidence string, ok bool) {
	if id := w.annotations[argoTracking]; id != "" {
		application, _, _ := strings.Cut(id, ":")
		return application, "annotation " + argoTracking, true
	}
	if name := w.labels[argoInstance]; name != "" {
		return name, "label " + argoInstance, true
	}
	if manager := w.writtenBy(argoManagers); manager != "" {
		return cmp.Or(w.labels["app.kubernetes.io/instance"], "unknown"), fmt.Sprintf("written by %q", manager), true
	}
	return "", "", false
}

// writtenBy is the first of the managers that has written any field; "" for none.
func (w *Workload) writtenBy(managers []string) string {
	for _, m := range w.managers {
		if slices.Contains(managers, m.Manager) {
			return m.Manager
		}
	}
	return ""
}

// writesReplicas says whether one of the managers owns the number of replicas.
func (w *Workload) writesReplicas(managers []string) bool {
	return slices.ContainsFunc(w.managers, func(m metav1.ManagedFieldsEntry) bool {
		return slices.Contains(managers, m.Manager) && m.FieldsV1 != nil && owns(m.FieldsV1.GetRawBytes(), []string{"spec", "replicas"})
	})
}

func (k *Keeper) foresee(w *Workload) {
	switch {
	case k.Tool == "Helm":
		k.Effect = "an upgrade during the session is followed; one that sets the replicas is undone once, and the number is what the session gives back"
	case k.Replicas:
		k.Effect = fmt.Sprintf("it writes the number of replicas, and may scale %s up during the session, which is taken to zero once more only", w.Name)
	default:
		k.Effect, k.Advice = "it is not known to write the number of replicas: a session does not disturb it", ""
	}
}
