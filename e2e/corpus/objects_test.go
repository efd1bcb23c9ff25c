package corpus

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// What the rows refer to. Every namespace has the ConfigMaps and Secrets.
var (
	configMaps = map[string]map[string]string{
		"c1":    {"K": "c1", "ONLY_C1": "one", "dotted.key": "dot", "REF": "$(K) $$(K)", "NOTHING": "", "LINES": "a\nb\n\n", "UTF8": "grüße 世界 🚲"},
		"c2":    {"K": "c2", "TWO": "two"},
		"odd":   {".dot": "dot", "-dash": "1", "1digit": "2", "a.b": "3", "_": "4", "ssh-privatekey": "5"},
		"none":  {},
		"links": {"DB_SERVICE_HOST": "mine"},
	}
	secrets = map[string]map[string]string{
		"s1": {"K": "s1", "PASS": "hunter2", "UTF8": "schlüssel", "LINES": "-----BEGIN\nx==\n-----END\n"},
		"s2": {"K": "s2", "ONLY_S2": "two", ".dockerconfigjson": "{}"},
	}
	services = []corev1.Service{
		serviceOf("db", corev1.ServicePort{Port: 5432}),
		serviceOf("multi-port", corev1.ServicePort{Name: "http", Port: 80}, corev1.ServicePort{Name: "dns-udp", Port: 53, Protocol: corev1.ProtocolUDP}),
		headless("quiet"),
		{ObjectMeta: metav1.ObjectMeta{Name: "outside"}, Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "example.com"}},
	}
)

// place is a namespace with something of its own.
type place string

const (
	// ordinary has the Services above.
	ordinary place = ""
	// own has a Service named kubernetes.
	own place = "own"
	// limited has a LimitRange.
	limited place = "limited"
)

func serviceOf(name string, ports ...corev1.ServicePort) corev1.Service {
	return corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ServiceSpec{
		Selector: map[string]string{"nobody": "here"}, Ports: ports}}
}

func headless(name string) corev1.Service {
	s := serviceOf(name, corev1.ServicePort{Port: 1})
	s.Spec.ClusterIP = corev1.ClusterIPNone
	return s
}

// newPlace makes a namespace, deleted with the test.
func newPlace(t *testing.T, p place) *harness.Namespace {
	t.Helper()
	n := bareNamespace(t, "corpus-"+string(p))
	all := services
	switch p {
	case own:
		all = []corev1.Service{serviceOf("kubernetes", corev1.ServicePort{Name: "mine", Port: 8443})}
	case limited:
		all = nil
		quantities := func(cpu, memory, disk string) corev1.ResourceList {
			return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory),
				corev1.ResourceEphemeralStorage: resource.MustParse(disk)}
		}
		request := quantities("50m", "10Mi", "1Mi")
		delete(request, corev1.ResourceEphemeralStorage)
		must(t, create(n, &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Name: "defaults"}, Spec: corev1.LimitRangeSpec{
			Limits: []corev1.LimitRangeItem{{Type: corev1.LimitTypeContainer, Default: quantities("300m", "200Mi", "1Gi"), DefaultRequest: request}}}}))
	}
	for i := range all {
		must(t, n.Create(all[i].DeepCopy()))
	}
	for name, data := range configMaps {
		must(t, n.Create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: data}))
	}
	must(t, n.Create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "bin"}, Data: map[string]string{"TEXT": "t"},
		BinaryData: map[string][]byte{"BYTES": {0xff, 0}}}))
	for name, data := range secrets {
		must(t, n.Create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, StringData: data}))
	}
	awaitDefaultAccount(t, n)
	return n
}

// Makers of one variable each, so that a row shows its rule and nothing else.

func lit(name, value string) corev1.EnvVar { return corev1.EnvVar{Name: name, Value: value} }

func from(name string, source corev1.EnvVarSource) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &source}
}

func object(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }

const optional = true

func flag1(b []bool) *bool {
	if len(b) == 0 {
		return nil
	}
	return &b[0]
}

func key(name, configMap, k string, opt ...bool) corev1.EnvVar {
	return from(name, corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: object(configMap), Key: k, Optional: flag1(opt)}})
}

func secret(name, s, k string, opt ...bool) corev1.EnvVar {
	return from(name, corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: object(s), Key: k, Optional: flag1(opt)}})
}

func field(name, path string) corev1.EnvVar {
	return from(name, corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}})
}

// amount is a resourceFieldRef: "container" may be empty, divisor too.
func amount(name, container, res, divisor string) corev1.EnvVar {
	ref := &corev1.ResourceFieldSelector{ContainerName: container, Resource: res}
	if divisor != "" {
		ref.Divisor = resource.MustParse(divisor)
	}
	return from(name, corev1.EnvVarSource{ResourceFieldRef: ref})
}

func fromCM(name, prefix string, opt ...bool) corev1.EnvFromSource {
	return corev1.EnvFromSource{Prefix: prefix, ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: object(name), Optional: flag1(opt)}}
}

func fromSecret(name, prefix string, opt ...bool) corev1.EnvFromSource {
	return corev1.EnvFromSource{Prefix: prefix, SecretRef: &corev1.SecretEnvSource{LocalObjectReference: object(name), Optional: flag1(opt)}}
}

func env(vars ...corev1.EnvVar) []corev1.EnvVar { return vars }

func envFrom(sources ...corev1.EnvFromSource) []corev1.EnvFromSource { return sources }

func resources(limits, requests map[corev1.ResourceName]string) corev1.ResourceRequirements {
	list := func(m map[corev1.ResourceName]string) corev1.ResourceList {
		l := corev1.ResourceList{}
		for name, text := range m {
			l[name] = resource.MustParse(text)
		}
		return l
	}
	return corev1.ResourceRequirements{Limits: list(limits), Requests: list(requests)}
}
