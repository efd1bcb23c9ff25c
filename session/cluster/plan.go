package cluster

import "fmt"

// What a session does to an object.
const (
	ActionCreate = "create"
	ActionChange = "change"
)

// Change is one object that a session makes or changes, and takes away or puts
// back at its end.
type Change struct {
	// Action is ActionCreate or ActionChange.
	Action                string
	Kind, Namespace, Name string
	// Detail says what for, or what changes.
	Detail string
}

// Changes lists what Divert and ScaleDown do with these arguments, in their order,
// and what of the original the dev pod would not have. No request; the Secret's
// name, which ends with the session's own token, is given without it.
func (c *Cluster) Changes(w *Workload, spec DivertSpec) (all []Change, notes []string) {
	r := c.Record(w, spec)
	template, notes := devTemplate(w, agentSpec{
		token: r.Token, image: spec.AgentImage, secret: r.Secret, port: r.Port, reverse: spec.Reverse,
		labels: spec.Labels, annotations: spec.Annotations, priorityClass: spec.PriorityClass,
	})
	scaled := Change{ActionChange, w.Kind, w.Namespace, w.Name, fmt.Sprintf("%s → 0, through its scale; they come back at the end", replicasOf(w.Replicas))}
	if w.Replicas == 0 {
		scaled.Detail = "it is at 0 replicas, and stays there"
	}
	return []Change{
		{ActionChange, w.Kind, w.Namespace, w.Name, "annotation " + SessionAnnotation + ": whose session it is, and what to give back"},
		{ActionCreate, "Secret", w.Namespace, r.Deployment + "-…", "the keys of the session"},
		{ActionCreate, KindDeployment, w.Namespace, r.Deployment, fmt.Sprintf("1 pod of %d containers: %q with its image and environment, the agent in place of its command (%s)",
			len(template.Spec.Containers), w.Container, spec.AgentImage)},
		scaled,
	}, notes
}

// GuardChanges lists what InstallGuard makes beside these, where there can be a
// guard; the names end as the Deployment's do.
func (c *Cluster) GuardChanges(w *Workload, spec DivertSpec) (all []Change) {
	r := c.Record(w, spec)
	name := r.Deployment + "-…" + guardSuffix
	for _, o := range [][2]string{
		{"ServiceAccount", "whose token lets the agent give the workload back"},
		{"Secret", "that token, for the dev container alone"},
		{"Role", "what the token may do: this session's objects, by name"},
		{"RoleBinding", "gives that Role to the ServiceAccount"},
	} {
		all = append(all, Change{ActionCreate, o[0], w.Namespace, name, "guard in the cluster: " + o[1]})
	}
	return all
}
