package envfile

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Short makers of API objects, so that a test shows one rule and nothing else.

func lit(name, value string) corev1.EnvVar { return corev1.EnvVar{Name: name, Value: value} }

func from(name string, source corev1.EnvVarSource) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &source}
}

func object(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }

func cmKey(name, cm, key string, optional ...bool) corev1.EnvVar {
	return from(name, corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: object(cm), Key: key, Optional: flag(optional)}})
}

func secretKey(name, secret, key string, optional ...bool) corev1.EnvVar {
	return from(name, corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: object(secret), Key: key, Optional: flag(optional)}})
}

func fieldOf(name, path string) corev1.EnvVar {
	return from(name, corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}})
}

func fromCM(cm, prefix string, optional ...bool) corev1.EnvFromSource {
	return corev1.EnvFromSource{Prefix: prefix, ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: object(cm), Optional: flag(optional)}}
}

func fromSecret(secret, prefix string, optional ...bool) corev1.EnvFromSource {
	return corev1.EnvFromSource{Prefix: prefix, SecretRef: &corev1.SecretEnvSource{LocalObjectReference: object(secret), Optional: flag(optional)}}
}

func flag(b []bool) *bool {
	if len(b) == 0 {
		return nil
	}
	return &b[0]
}

func configMap(pairs ...string) *corev1.ConfigMap {
	cm := &corev1.ConfigMap{Data: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		cm.Data[pairs[i]] = pairs[i+1]
	}
	return cm
}

func secret(pairs ...string) *corev1.Secret {
	s := &corev1.Secret{Data: map[string][]byte{}}
	for i := 0; i < len(pairs); i += 2 {
		s.Data[pairs[i]] = []byte(pairs[i+1])
	}
	return s
}

func container(env []corev1.EnvVar, envFrom ...corev1.EnvFromSource) *corev1.Container {
	return &corev1.Container{Name: "app", Image: "shop/api:1", Env: env, EnvFrom: envFrom}
}

func service(namespace, name, ip string, ports ...corev1.ServicePort) corev1.Service {
	return corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       corev1.ServiceSpec{ClusterIP: ip, Ports: ports},
	}
}

func runningPod() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "api-0", Namespace: "shop", UID: "u-1",
			Labels:      map[string]string{"app": "api", "a/b": "q\"uote"},
			Annotations: map[string]string{"note": "two\nlines"},
		},
		Spec: corev1.PodSpec{NodeName: "n1", ServiceAccountName: "robot"},
		Status: corev1.PodStatus{
			HostIP: "192.0.2.1", HostIPs: []corev1.HostIP{{IP: "192.0.2.1"}, {IP: "2001:db8::1"}},
			PodIP: "10.0.0.9", PodIPs: []corev1.PodIP{{IP: "10.0.0.9"}, {IP: "fd00::9"}},
		},
	}
}

func mustResolve(t testing.TB, in Input) *Environment {
	t.Helper()
	env, err := Resolve(in)
	if err != nil {
		t.Fatalf("Resolve: %v", err)
	}
	return env
}

// values is the environment as a map, unresolved ones as "?".
func values(e *Environment) map[string]string {
	m := map[string]string{}
	for _, v := range e.Vars {
		m[v.Name] = v.Value
		if v.Unresolved {
			m[v.Name] = "?"
		}
	}
	return m
}

// warned lists warnings as "code variable".
func warned(e *Environment) []string {
	var list []string
	for _, w := range e.Warnings {
		list = append(list, strings.TrimSpace(w.Code+" "+w.Variable))
	}
	return list
}

func lookup(t testing.TB, e *Environment, name string) Variable {
	t.Helper()
	v, ok := e.Lookup(name)
	if !ok {
		t.Fatalf("%s is not in the environment", name)
	}
	return v
}
