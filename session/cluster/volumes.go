package cluster

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/tandem-dev/tandem/internal/fault"
)

// serviceAccountDir is where every container that talks to the API server finds
// its token (rest.InClusterConfig).
const serviceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount"

// ServiceAccountToken is where a container finds its service account's token.
const ServiceAccountToken = serviceAccountDir + "/token"

// ProjectedPaths are where a container of the dev pod has volumes that Kubernetes
// makes files for: of ConfigMaps, Secrets, the downward API and service-account
// tokens. What Tandem itself mounts, the keys and the guard's token, is beneath the
// agent's folder and not among them. Sorted.
func ProjectedPaths(pod *corev1.Pod, container string) []string {
	projected := map[string]bool{}
	for _, v := range pod.Spec.Volumes {
		s := v.VolumeSource
		projected[v.Name] = s.ConfigMap != nil || s.Secret != nil || s.DownwardAPI != nil || s.Projected != nil
	}
	var paths []string
	for _, c := range pod.Spec.Containers {
		if c.Name != container || len(c.Command) == 0 {
			continue
		}
		ours := path.Dir(path.Dir(c.Command[0])) + "/" // see installAgent
		for _, m := range c.VolumeMounts {
			at := path.Clean(m.MountPath)
			if projected[m.Name] && !strings.HasPrefix(at, ours) {
				paths = append(paths, at)
			}
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// ServiceAccountKubeconfig is a kubeconfig for this cluster as seen from this
// machine, in which the credential is the service-account token in a file that
// somebody keeps fresh; namespace is the workload's. Of the developer's own
// credentials nothing is in it.
func (c *Cluster) ServiceAccountKubeconfig(tokenFile, namespace string) ([]byte, error) {
	const name = "tandem"
	now := c.now().config
	host, _, err := rest.DefaultServerUrlFor(now)
	if err != nil {
		return nil, fault.Wrap(err, fault.KubeconfigInvalid, "the API server's address")
	}
	tls := now.TLSClientConfig
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{
		Server: host.String(), TLSServerName: tls.ServerName, InsecureSkipTLSVerify: tls.Insecure,
		CertificateAuthority: tls.CAFile, CertificateAuthorityData: tls.CAData,
	}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{TokenFile: tokenFile}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: namespace}
	config.CurrentContext = name
	content, err := clientcmd.Write(*config)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "writing a kubeconfig")
	}
	return content, nil
}
