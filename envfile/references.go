package envfile

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Refs are the objects that must be read to resolve a container.
type Refs struct {
	ConfigMaps, Secrets []Ref // in order of first mention, each name once
}

// Ref names one object. Optional is true when every mention of it is optional.
type Ref struct {
	Name     string
	Optional bool
}

// References lists the ConfigMaps and Secrets that env and envFrom of c name.
// An empty name, which the API allows for old objects, is left out: it can
// never be read.
func References(c *corev1.Container) Refs {
	var refs Refs
	if c == nil {
		return refs
	}
	seen := map[string]int{} // kind+name → index
	add := func(list *[]Ref, kind, name string, optional *bool) {
		if name == "" {
			return
		}
		opt := optional != nil && *optional
		if i, ok := seen[kind+name]; ok {
			(*list)[i].Optional = (*list)[i].Optional && opt
			return
		}
		seen[kind+name] = len(*list)
		*list = append(*list, Ref{Name: name, Optional: opt})
	}
	for _, from := range c.EnvFrom {
		if r := from.ConfigMapRef; r != nil {
			add(&refs.ConfigMaps, "c/", r.Name, r.Optional)
		} else if r := from.SecretRef; r != nil {
			add(&refs.Secrets, "s/", r.Name, r.Optional)
		}
	}
	for _, env := range c.Env {
		if env.ValueFrom == nil || env.Value != "" {
			continue
		}
		if r := env.ValueFrom.ConfigMapKeyRef; r != nil {
			add(&refs.ConfigMaps, "c/", r.Name, r.Optional)
		}
		if r := env.ValueFrom.SecretKeyRef; r != nil {
			add(&refs.Secrets, "s/", r.Name, r.Optional)
		}
	}
	return refs
}

// Missing is a required object, or key of an object, that is not there. It is
// the element type of Detail["missing"] in the error of [Resolve].
type Missing struct {
	Kind      string   `json:"kind"` // ConfigMap or Secret
	Object    string   `json:"object"`
	Key       string   `json:"key,omitempty"`       // empty: the object itself is missing
	Variables []string `json:"variables,omitempty"` // empty: mentioned by envFrom only
	EnvFrom   bool     `json:"envFrom,omitempty"`
}

func (m Missing) fault() fault.Kind {
	switch {
	case m.Key != "":
		return fault.KeyNotFound
	case m.Kind == KindSecret:
		return fault.SecretNotFound
	}
	return fault.ConfigMapNotFound
}

func (m Missing) String() string {
	var users []string
	if m.EnvFrom {
		users = append(users, "envFrom")
	}
	users = append(users, m.Variables...)
	what := fmt.Sprintf("%s %q", m.Kind, m.Object)
	if m.Key != "" {
		what = fmt.Sprintf("key %q of %s", m.Key, what)
	}
	return fmt.Sprintf("%s (for %s)", what, strings.Join(users, ", "))
}

// missingList gathers missing references, one entry for each object and key.
type missingList struct {
	items []Missing
	index map[missingID]int
}

type missingID struct{ kind, object, key string }

// add notes a missing object (key "") or key; variable is "" for envFrom.
func (l *missingList) add(kind, object, key, variable string) {
	id := missingID{kind, object, key}
	i, ok := l.index[id]
	if !ok {
		if l.index == nil {
			l.index = map[missingID]int{}
		}
		i = len(l.items)
		l.index[id] = i
		l.items = append(l.items, Missing{Kind: kind, Object: object, Key: key})
	}
	if variable == "" {
		l.items[i].EnvFrom = true
		return
	}
	l.items[i].Variables = append(l.items[i].Variables, variable)
}

// missingError is one error for everything that is missing. Its kind is that
// of the first; all are named in the message and in Detail["missing"].
func missingError(container, namespace string, missing []Missing) error {
	names := make([]string, len(missing))
	for i, m := range missing {
		names[i] = m.String()
	}
	e := fault.New(missing[0].fault(), "container %q refers to what namespace %q does not have: %s",
		container, namespace, strings.Join(names, "; "))
	first := missing[0]
	e.Hint("create it, or mark the reference `optional: true`; `kubectl -n %s describe %s %s` shows what is there",
		orDefault(namespace), strings.ToLower(first.Kind), first.Object)
	return e.With("missing", missing)
}

func orDefault(namespace string) string {
	if namespace == "" {
		return "default"
	}
	return namespace
}
