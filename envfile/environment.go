package envfile

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Tier is the layer that a value comes from. Its text is stable: editors show it.
type Tier string

// The tiers, highest first in the documented order.
const (
	Dev       Tier = "dev"       // the manifest's environment and envFiles
	Spec      Tier = "spec"      // the container's env list
	ConfigMap Tier = "configMap" // envFrom of a ConfigMap
	Secret    Tier = "secret"    // envFrom of a Secret
	Service   Tier = "service"   // service link variables, added by the kubelet
	Image     Tier = "image"     // ENV of the container image
	Injected  Tier = "injected"  // added by the container runtime or an admission webhook
)

// Precedence decides between envFrom ConfigMaps and envFrom Secrets.
type Precedence string

const (
	// Documented lets every ConfigMap win over every Secret. It is the default;
	// the empty Precedence means it.
	Documented Precedence = "documented"
	// Kubelet lets the source that stands later in envFrom win, whatever its kind.
	Kubelet Precedence = "kubelet"
)

// Kinds of Origin, beside the empty kind of a literal value.
const (
	KindConfigMap = "ConfigMap"
	KindSecret    = "Secret"
	KindField     = "Field"    // fieldRef: Origin.Field is the path
	KindResource  = "Resource" // resourceFieldRef: Origin.Field is the resource, Object the container
	KindFile      = "File"     // fileKeyRef: Origin.Object is the volume, Field the path in it
	KindService   = "Service"
)

// Origin says where a value comes from.
type Origin struct {
	Tier Tier `json:"tier"`
	// Kind is empty for a literal value.
	Kind string `json:"kind,omitempty"`
	// Object is the name of the ConfigMap, Secret or Service, the image of the
	// Image tier, or the source of a Dev variable ("environment", "envFiles:…").
	Object string `json:"object,omitempty"`
	// Key is the key inside Object, without the envFrom prefix.
	Key string `json:"key,omitempty"`
	// Field is the path of a fieldRef, the resource of a resourceFieldRef.
	Field string `json:"field,omitempty"`
	// ResourceVersion is the version of the ConfigMap or Secret that was read.
	ResourceVersion string `json:"resourceVersion,omitempty"`
}

// String is a short description such as `spec: key "url" of Secret "db"`.
func (o Origin) String() string {
	switch {
	case o.Kind == KindField:
		return fmt.Sprintf("%s: field %s", o.Tier, o.Field)
	case o.Kind == KindResource:
		return fmt.Sprintf("%s: resource %s", o.Tier, o.Field)
	case o.Kind == KindFile:
		return fmt.Sprintf("%s: key %q of file %q in volume %q", o.Tier, o.Key, o.Field, o.Object)
	case o.Kind != "" && o.Key != "":
		return fmt.Sprintf("%s: key %q of %s %q", o.Tier, o.Key, o.Kind, o.Object)
	case o.Object != "":
		return strings.TrimSpace(fmt.Sprintf("%s: %s %q", o.Tier, o.Kind, o.Object))
	}
	return string(o.Tier)
}

// Variable is one variable of the environment with its history.
type Variable struct {
	Name string
	// Value is the exact value, byte for byte. It is empty when Unresolved.
	Value  string
	Origin Origin
	// Secret says that Value comes from a Secret or embeds one.
	Secret bool
	// Unresolved says that the value exists only in a running pod and none was
	// observed. Encoders and Local leave the variable out and say so.
	Unresolved bool
	// Expansion is the text in the spec when $(VAR) or $$ in it was replaced.
	Expansion string
	// Shadowed are the origins that lost, highest first.
	Shadowed []Origin
	// Notes explain the value in sentences; they hold no secret value.
	Notes []string
}

// hidden stands for the value of a secret in text made for people.
const hidden = "(hidden)"

func (v Variable) shown() string {
	switch {
	case v.Unresolved:
		return "(unresolved)"
	case v.Secret:
		return hidden
	}
	return v.Value
}

// String is NAME=value without the value of a secret, so that a Variable that
// meets a log line by accident does no harm.
func (v Variable) String() string { return v.Name + "=" + v.shown() }

// GoString is String, for %#v.
func (v Variable) GoString() string { return fmt.Sprintf("envfile.Variable(%q)", v.String()) }

// MarshalJSON leaves the value of a secret out.
func (v Variable) MarshalJSON() ([]byte, error) {
	var value *string
	if !v.Secret && !v.Unresolved {
		value = &v.Value
	}
	return json.Marshal(struct {
		Name       string   `json:"name"`
		Value      *string  `json:"value,omitempty"`
		Origin     Origin   `json:"origin"`
		Secret     bool     `json:"secret"`
		Unresolved bool     `json:"unresolved,omitempty"`
		Expansion  string   `json:"expansion,omitempty"`
		Shadowed   []Origin `json:"shadowed,omitempty"`
		Notes      []string `json:"notes,omitempty"`
	}{v.Name, value, v.Origin, v.Secret, v.Unresolved, v.Expansion, v.Shadowed, v.Notes})
}

// Codes of warnings.
const (
	// WarnUnresolved: the value exists only in a running pod.
	WarnUnresolved = "unresolved"
	// WarnPrecedence: the documented order and the kubelet disagree on the value.
	WarnPrecedence = "env-precedence"
	// WarnDiffers: the container has another value than its spec gives.
	WarnDiffers = "observed-differs"
	// WarnNotObserved: the spec sets a variable that the container does not have.
	WarnNotObserved = "not-observed"
	// WarnSourceMissing: a required source is gone though the container started with it.
	WarnSourceMissing = "source-missing"
	// WarnUnreadable: a source may be there and could not be read.
	WarnUnreadable = "source-unreadable"
	// WarnNotText: the value is not UTF-8, so that a container cannot start with it.
	WarnNotText = "not-utf8"
	// WarnMalformed: an entry of the container's environ is not NAME=VALUE.
	WarnMalformed = "observed-malformed"
)

// Warning is something the user should know about one variable. Message holds
// names only, never a value.
type Warning struct {
	Code     string `json:"code"`
	Variable string `json:"variable,omitempty"`
	Message  string `json:"message"`
}

// Absence says why a name that the spec mentions is not in the environment.
type Absence struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Environment is the result of [Resolve].
type Environment struct {
	Vars     []Variable // sorted by name, names are unique
	Warnings []Warning  // sorted by variable, then code
	// Absent lists optional references that set nothing, sorted by name. A name
	// that a lower tier sets is in Vars as well.
	Absent []Absence
}

// Lookup finds a variable by its exact name.
func (e *Environment) Lookup(name string) (Variable, bool) {
	i, ok := slices.BinarySearchFunc(e.Vars, name, func(v Variable, n string) int { return cmp.Compare(v.Name, n) })
	if !ok {
		return Variable{}, false
	}
	return e.Vars[i], true
}

// hashKey is made once per process: a plain digest of an environment would let
// a reader of a log try guesses for a weak secret.
var hashKey = sync.OnceValue(func() []byte {
	key := make([]byte, sha256.Size)
	rand.Read(key) // never fails, see crypto/rand
	return key
})

// Hash is equal for environments with the same names and values. It is keyed
// with a number made when the process starts, so hashes of two processes
// cannot be compared. Origins, notes and warnings do not count.
func (e *Environment) Hash() string {
	h := hmac.New(sha256.New, hashKey())
	var length [8]byte
	put := func(s string) {
		binary.BigEndian.PutUint64(length[:], uint64(len(s)))
		h.Write(length[:])
		h.Write([]byte(s))
	}
	for _, v := range e.Vars {
		put(v.Name)
		if v.Unresolved {
			h.Write([]byte{0})
			continue
		}
		h.Write([]byte{1})
		put(v.Value)
	}
	return hex.EncodeToString(h.Sum(nil))
}
