package envfile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestFieldRef(t *testing.T) {
	template := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "api"}}}
	single := runningPod()
	single.Status.HostIPs, single.Status.PodIPs = nil, nil
	tests := []struct {
		pod  *corev1.Pod
		path string
		want string // "?" for unresolved
	}{
		{runningPod(), "metadata.name", "api-0"},
		{runningPod(), "metadata.namespace", "shop"},
		{runningPod(), "metadata.uid", "u-1"},
		{runningPod(), "metadata.labels", "a/b=\"q\\\"uote\"\napp=\"api\""},
		{runningPod(), "metadata.annotations", `note="two\nlines"`},
		{runningPod(), "metadata.labels['app']", "api"},
		{runningPod(), "metadata.labels['a/b']", `q"uote`},
		{runningPod(), "metadata.labels['none']", ""},
		{runningPod(), "metadata.labels['pod-template-hash']", ""},
		{runningPod(), "metadata.annotations['note']", "two\nlines"},
		{runningPod(), "metadata.annotations['none']", ""},
		{runningPod(), "spec.nodeName", "n1"},
		{runningPod(), "spec.serviceAccountName", "robot"},
		{runningPod(), "status.hostIP", "192.0.2.1"},
		{runningPod(), "status.hostIPs", "192.0.2.1,2001:db8::1"},
		{runningPod(), "status.podIP", "10.0.0.9"},
		{runningPod(), "status.podIPs", "10.0.0.9,fd00::9"},
		{single, "status.hostIPs", "192.0.2.1"},
		{single, "status.podIPs", "10.0.0.9"},
		{runningPod(), "status.phase", "?"},
		{runningPod(), "metadata.name['x']", "?"},
		{runningPod(), "metadata.labels['x", "?"},
		{template, "metadata.name", "?"},
		{template, "metadata.namespace", "?"},
		{template, "metadata.uid", "?"},
		{template, "metadata.labels['app']", "api"},
		{template, "metadata.labels['none']", ""},
		{template, "metadata.labels['pod-template-hash']", "?"},
		{template, "metadata.labels['apps.kubernetes.io/pod-index']", "?"},
		{template, "metadata.labels", `app="api"`},
		{template, "metadata.annotations", ""},
		{template, "spec.nodeName", "?"},
		{template, "spec.serviceAccountName", "default"},
		{template, "status.hostIP", "?"},
		{template, "status.podIPs", "?"},
	}
	for _, tt := range tests {
		env := mustResolve(t, Input{Pod: tt.pod, Container: container([]corev1.EnvVar{fieldOf("V", tt.path)})})
		if got := values(env)["V"]; got != tt.want {
			t.Errorf("%s of pod %q: %q, want %q", tt.path, tt.pod.Name, got, tt.want)
		}
		if v := lookup(t, env, "V"); v.Origin != (Origin{Tier: Spec, Kind: KindField, Field: tt.path}) {
			t.Errorf("%s: origin %v", tt.path, v.Origin)
		}
	}
	if f := fieldValue(runningPod(), &corev1.ObjectFieldSelector{APIVersion: "v9", FieldPath: "metadata.name"}); f.unresolved == "" {
		t.Errorf("another API version gives %q", f.value)
	}
}

func amounts(pairs ...string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		list[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return list
}

func TestResourceFieldRef(t *testing.T) {
	full := corev1.ResourceRequirements{
		Limits:   amounts("cpu", "1500m", "memory", "100Mi", "ephemeral-storage", "1Gi", "hugepages-2Mi", "4Mi"),
		Requests: amounts("cpu", "250m", "memory", "64M"),
	}
	node := &corev1.Node{Status: corev1.NodeStatus{Allocatable: amounts("cpu", "3920m", "memory", "8Gi", "ephemeral-storage", "50Gi")}}
	podLevel := &corev1.Pod{Spec: corev1.PodSpec{Resources: &corev1.ResourceRequirements{Limits: amounts("cpu", "2", "memory", "1Gi")}}}
	others := &corev1.Pod{Spec: corev1.PodSpec{
		Containers:     []corev1.Container{{Name: "side", Resources: full}, {Name: "bare"}},
		InitContainers: []corev1.Container{{Name: "init"}},
	}}
	tests := []struct {
		name      string
		resources corev1.ResourceRequirements
		pod       *corev1.Pod
		node      *corev1.Node
		of        string // containerName
		resource  string
		divisor   string
		want      string
	}{
		{"cpu rounds up", full, nil, nil, "", "limits.cpu", "", "2"},
		{"cpu in millis", full, nil, nil, "", "limits.cpu", "1m", "1500"},
		{"cpu request", full, nil, nil, "", "requests.cpu", "", "1"},
		{"memory in bytes", full, nil, nil, "", "limits.memory", "0", "104857600"},
		{"memory rounds up", full, nil, nil, "", "requests.memory", "1Mi", "62"},
		{"memory by decimal", full, nil, nil, "", "requests.memory", "1M", "64"},
		{"storage", full, nil, nil, "", "limits.ephemeral-storage", "1Mi", "1024"},
		{"huge pages", full, nil, nil, "", "limits.hugepages-2Mi", "1Mi", "4"},
		{"huge pages have no default", corev1.ResourceRequirements{}, nil, node, "", "limits.hugepages-2Mi", "", "0"},
		{"request defaults to limit", full, nil, nil, "", "requests.ephemeral-storage", "1Gi", "1"},
		{"no request, no limit", corev1.ResourceRequirements{}, nil, nil, "", "requests.cpu", "", "0"},
		{"no limit: allocatable", corev1.ResourceRequirements{}, nil, node, "", "limits.cpu", "", "4"},
		{"no limit: allocatable memory", corev1.ResourceRequirements{}, nil, node, "", "limits.memory", "1Gi", "8"},
		{"zero limit is no limit", corev1.ResourceRequirements{Limits: amounts("cpu", "0")}, nil, node, "", "limits.cpu", "1m", "3920"},
		{"no limit, no node", corev1.ResourceRequirements{}, nil, nil, "", "limits.cpu", "", "?"},
		{"pod-level limit", corev1.ResourceRequirements{}, podLevel, node, "", "limits.cpu", "", "2"},
		{"pod-level limit, no node", corev1.ResourceRequirements{}, podLevel, nil, "", "limits.memory", "1Mi", "1024"},
		{"pod level knows no storage", corev1.ResourceRequirements{}, podLevel, node, "", "limits.ephemeral-storage", "1Gi", "50"},
		{"pod level sets no request", corev1.ResourceRequirements{}, podLevel, node, "", "requests.cpu", "", "0"},
		{"own name", full, others, nil, "app", "limits.cpu", "", "2"},
		{"another container", corev1.ResourceRequirements{}, others, nil, "side", "limits.cpu", "1m", "1500"},
		{"another without limit", full, others, node, "bare", "limits.cpu", "", "4"},
		{"an init container has no default", full, others, node, "init", "limits.cpu", "", "0"},
		{"no such container", full, others, node, "nope", "limits.cpu", "", "?"},
		{"no such resource", full, nil, nil, "", "limits.gpus", "", "?"},
		{"no such side", full, nil, nil, "", "wishes.cpu", "", "?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ref := &corev1.ResourceFieldSelector{ContainerName: tt.of, Resource: tt.resource}
			if tt.divisor != "" {
				ref.Divisor = resource.MustParse(tt.divisor)
			}
			c := container([]corev1.EnvVar{from("V", corev1.EnvVarSource{ResourceFieldRef: ref})})
			c.Resources = tt.resources
			env := mustResolve(t, Input{Container: c, Pod: tt.pod, Node: tt.node})
			if got := values(env)["V"]; got != tt.want {
				t.Errorf("%s = %q, want %q", tt.resource, got, tt.want)
			}
		})
	}
}

func TestServiceLinks(t *testing.T) {
	port := func(name string, number int32, protocol corev1.Protocol) corev1.ServicePort {
		return corev1.ServicePort{Name: name, Port: number, Protocol: protocol}
	}
	api := service("default", "kubernetes", "10.0.0.1", port("https", 443, ""))
	off, on := false, true
	tests := []struct {
		name     string
		links    *bool
		services []corev1.Service
		want     map[string]string
	}{
		{"the API server, even with links off", &off, []corev1.Service{api, service("shop", "db", "10.0.0.2", port("", 5432, ""))},
			map[string]string{
				"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443", "KUBERNETES_SERVICE_PORT_HTTPS": "443",
				"KUBERNETES_PORT": "tcp://10.0.0.1:443", "KUBERNETES_PORT_443_TCP": "tcp://10.0.0.1:443",
				"KUBERNETES_PORT_443_TCP_PROTO": "tcp", "KUBERNETES_PORT_443_TCP_PORT": "443", "KUBERNETES_PORT_443_TCP_ADDR": "10.0.0.1",
			}},
		{"several ports, IPv6, dashes", &on, []corev1.Service{service("shop", "my-dns", "fd00::5", port("dns-udp", 53, corev1.ProtocolUDP), port("dns", 54, corev1.ProtocolTCP))},
			map[string]string{
				"MY_DNS_SERVICE_HOST": "fd00::5", "MY_DNS_SERVICE_PORT": "53",
				"MY_DNS_SERVICE_PORT_DNS_UDP": "53", "MY_DNS_SERVICE_PORT_DNS": "54",
				"MY_DNS_PORT": "udp://[fd00::5]:53", "MY_DNS_PORT_53_UDP": "udp://[fd00::5]:53", "MY_DNS_PORT_53_UDP_PROTO": "udp",
				"MY_DNS_PORT_53_UDP_PORT": "53", "MY_DNS_PORT_53_UDP_ADDR": "fd00::5",
				"MY_DNS_PORT_54_TCP": "tcp://[fd00::5]:54", "MY_DNS_PORT_54_TCP_PROTO": "tcp",
				"MY_DNS_PORT_54_TCP_PORT": "54", "MY_DNS_PORT_54_TCP_ADDR": "fd00::5",
			}},
		{"no address, no ports, other namespaces", nil, []corev1.Service{
			service("shop", "headless", "None", port("", 1, "")), service("shop", "external", "", port("", 1, "")),
			service("shop", "portless", "10.0.0.4"), service("other", "db", "10.0.0.3", port("", 1, ""))},
			map[string]string{}},
		{"own kubernetes replaces the API server's", nil, []corev1.Service{service("shop", "kubernetes", "10.0.0.7", port("", 80, "")), api},
			map[string]string{
				"KUBERNETES_SERVICE_HOST": "10.0.0.7", "KUBERNETES_SERVICE_PORT": "80", "KUBERNETES_PORT": "tcp://10.0.0.7:80",
				"KUBERNETES_PORT_80_TCP": "tcp://10.0.0.7:80", "KUBERNETES_PORT_80_TCP_PROTO": "tcp",
				"KUBERNETES_PORT_80_TCP_PORT": "80", "KUBERNETES_PORT_80_TCP_ADDR": "10.0.0.7",
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pod := runningPod()
			pod.Spec.EnableServiceLinks = tt.links
			env := mustResolve(t, Input{Pod: pod, Container: container(nil), Services: tt.services})
			if diff := cmp.Diff(tt.want, values(env)); diff != "" {
				t.Error(diff)
			}
		})
	}

	t.Run("below env and envFrom, seen by expansion", func(t *testing.T) {
		env := mustResolve(t, Input{Pod: runningPod(), Services: []corev1.Service{api},
			Container: container([]corev1.EnvVar{
				lit("A", "$(KUBERNETES_SERVICE_HOST):$(KUBERNETES_SERVICE_PORT)"), lit("KUBERNETES_PORT", "mine"), lit("B", "$(KUBERNETES_PORT)"),
			}, fromSecret("s", "")),
			Secrets: map[string]*corev1.Secret{"s": secret("KUBERNETES_SERVICE_PORT", "6443")}})
		got := values(env)
		for name, want := range map[string]string{"A": "10.0.0.1:6443", "B": "mine", "KUBERNETES_PORT": "mine", "KUBERNETES_SERVICE_PORT": "6443"} {
			if got[name] != want {
				t.Errorf("%s = %q, want %q", name, got[name], want)
			}
		}
		want := []Origin{{Tier: Service, Kind: KindService, Object: "kubernetes"}}
		if diff := cmp.Diff(want, lookup(t, env, "KUBERNETES_PORT").Shadowed); diff != "" {
			t.Error(diff)
		}
	})
}
