package pki

import (
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// access is where a cluster is reached and by which authority it is known.
type access struct {
	cluster string // name of the cluster and of the context
	server  string // URL of the API server
	ca      []byte // PEM
}

// writeKubeconfig writes a self-contained kubeconfig, readable by the owner only.
// An empty namespace leaves kubectl's own default.
func (a access) writeKubeconfig(file, user, namespace string, c *certificate) error {
	return clientcmd.WriteToFile(api.Config{
		Clusters:       map[string]*api.Cluster{a.cluster: {Server: a.server, CertificateAuthorityData: a.ca}},
		AuthInfos:      map[string]*api.AuthInfo{user: {ClientCertificateData: c.certPEM, ClientKeyData: c.keyPEM}},
		Contexts:       map[string]*api.Context{a.cluster: {Cluster: a.cluster, AuthInfo: user, Namespace: namespace}},
		CurrentContext: a.cluster,
	}, file)
}
