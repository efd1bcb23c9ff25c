package cluster

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// The keys and the guard's token stay in the pod, also where the workload has
// volumes of those names itself, which are its own.
func TestTandemsOwnFilesAreNotProjected(t *testing.T) {
	secret := corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "theirs"}}
	w := &Workload{Kind: KindDeployment, Name: "api", Namespace: "shop", Container: "api"}
	w.Template.Spec = corev1.PodSpec{
		Volumes: []corev1.Volume{{Name: keysVolume, VolumeSource: secret}, {Name: guardVolume, VolumeSource: secret}},
		Containers: []corev1.Container{{Name: "api", VolumeMounts: []corev1.VolumeMount{
			{Name: keysVolume, MountPath: "/etc/keys"}, {Name: guardVolume, MountPath: "/etc/guard"}}}},
	}
	spec := DivertSpec{SessionID: "shop/api", GuardTTL: time.Minute}
	template, _ := devTemplate(w, (&Cluster{}).Record(w, spec).agentSpec(spec))
	if mounts := template.Spec.Containers[0].VolumeMounts; len(mounts) != 5 {
		t.Fatalf("mounted: %v", mounts)
	}
	got := ProjectedPaths(&corev1.Pod{Spec: template.Spec}, "api")
	if want := []string{"/etc/guard", "/etc/keys"}; !slices.Equal(got, want) {
		t.Errorf("projected %v, want %v", got, want)
	}
}
