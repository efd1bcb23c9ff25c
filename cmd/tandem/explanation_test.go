package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/envfile"
)

func explained() envfile.Input {
	key := func(object, key string, optional bool) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: object}, Key: key, Optional: &optional}}
	}
	app := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "77"}, Data: map[string]string{"GREETING": "\x1b[31mhi", "DATABASE_URL": "old"}}
	db := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "78"}, Data: map[string][]byte{"password": []byte("hunter2"), "GREETING": []byte("hunter3")}}
	return envfile.Input{
		Dev: []envfile.Var{{Name: "LOG_LEVEL", Value: "debug", Source: "environment"}, {Name: "LOG_LEVEL", Value: "trace", Source: "command line"}},
		Container: &corev1.Container{Name: "api", Image: "shop/api:1",
			EnvFrom: []corev1.EnvFromSource{
				{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "app"}}},
				{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "db"}}},
			},
			Env: []corev1.EnvVar{
				{Name: "HOST", Value: "postgres"}, {Name: "PASSWORD", ValueFrom: key("db", "password", false)},
				{Name: "AUTHORITY", Value: "shop:$(PASSWORD)@$(HOST):5432"},
				{Name: "DATABASE_URL", Value: "postgres://$(AUTHORITY)/shop?price=$$5&x=$(NOWHERE)"},
				{Name: "TOKEN", ValueFrom: key("tokens", "token", true)}, {Name: "LOG_LEVEL", Value: "info"},
				{Name: "POD", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
			}},
		Pod:        &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "api-0"}},
		ConfigMaps: map[string]*corev1.ConfigMap{"app": app}, Secrets: map[string]*corev1.Secret{"db": db},
		Observed: []string{"HOST=postgres", "PASSWORD=hunter2", "AUTHORITY=shop:hunter2@postgres:5432", "LOG_LEVEL=info", "POD=api-tandem-1",
			"DATABASE_URL=postgres://shop:hunter2@postgres:5432/shop?price=$5&x=$(NOWHERE)", "GREETING=hunter3", "PATH=/bin"},
	}
}

// TestExplanation holds what a person reads against testdata/explanation.txt.
func TestExplanation(t *testing.T) {
	var b bytes.Buffer
	for _, q := range []envfile.Question{
		{Name: "DATABASE_URL"},
		{Name: "DATABASE_URL", Reveal: true, Hosts: envfile.HostsOn},
		{Name: "LOG_LEVEL"},
		{Name: "GREETING"},
		{Name: "TOKEN"},
		{Name: "POD"},
		{Name: "PATH"},
		{Name: "HOST", Policy: envfile.MergePolicy{Rename: []envfile.Rename{{From: "HOST", To: "DB_HOST"}}}},
		{Name: "DATABSE_URL"},
		{Name: "QQ\x1b[31m"},
	} {
		q.Own = []string{"PATH=/home/me/bin", "LOG_LEVEL=mine"}
		q.Forwarded = []envfile.Forwarded{{Service: "postgres", Namespace: "shop", RemotePort: 5432, LocalAddress: "127.0.0.1:15432"}}
		q.Policy.Names = envfile.ExactCase
		var one bytes.Buffer
		explanation{w: &one}.print(envfile.Explain(explained(), q))
		if !q.Reveal && strings.Contains(one.String(), "hunter") {
			t.Errorf("the value of a secret shows:\n%s", one.String())
		}
		b.Write(one.Bytes())
		b.WriteString("\n--------\n\n")
	}
	if strings.Contains(b.String(), "\x1b") {
		t.Error("an escape sequence reaches the terminal")
	}
	golden := filepath.Join("testdata", "explanation.txt")
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("-want +got; run with -update if this is meant:\n%s", diff)
	}
}
