package pki

import (
	"crypto/x509/pkix"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
)

// Run is the pki tool:
//
//	pki cluster -dir DIR -cluster NAME -server URL -node NAME -node-ip IP -san NAME_OR_IP
//	pki user    -dir DIR -name USER [-group GROUP]... [-namespace NS] -out KUBECONFIG
func Run(args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "cluster":
			return runCluster(args[1:])
		case "user":
			return runUser(args[1:])
		}
	}
	return errors.New("want cluster or user")
}

// runCluster makes a new authority in -dir with everything the components of a
// one-node cluster want. What each name and group means to Kubernetes is told in
// its documentation, "PKI certificates and requirements".
func runCluster(args []string) error {
	fs := flag.NewFlagSet("pki cluster", flag.ExitOnError)
	dir := fs.String("dir", "", "folder to write to")
	cluster := fs.String("cluster", "", "name of the cluster")
	server := fs.String("server", "", "URL of the API server")
	node := fs.String("node", "", "name of the node")
	nodeIP := fs.String("node-ip", "", "address of the node")
	var sans []string
	fs.Func("san", "further name or address of the API server", func(v string) error { sans = append(sans, v); return nil })
	_ = fs.Parse(args) // ExitOnError: never returns an error

	if err := os.MkdirAll(*dir, 0o700); err != nil {
		return err
	}
	ca, err := issue(nil, pkix.Name{CommonName: *cluster + "-ca"})
	if err != nil {
		return err
	}
	frontCA, err := issue(nil, pkix.Name{CommonName: *cluster + "-front-proxy-ca"})
	if err != nil {
		return err
	}
	if err := errors.Join(ca.write(*dir, "ca"), frontCA.write(*dir, "front-proxy-ca")); err != nil {
		return err
	}
	sans = append(sans, "127.0.0.1", "localhost", *nodeIP, "kubernetes", "kubernetes.default",
		"kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
	type want struct {
		parent  *certificate
		subject pkix.Name
		names   []string
	}
	for file, w := range map[string]want{
		"front-proxy-client": {frontCA, pkix.Name{CommonName: "front-proxy-client"}, nil},
		"apiserver":          {ca, pkix.Name{CommonName: "kube-apiserver"}, sans},
		"kubelet-server":     {ca, pkix.Name{CommonName: "system:node:" + *node}, []string{*node, *nodeIP, "127.0.0.1"}},
		// Only the key is used, to sign ServiceAccount tokens.
		"sa": {ca, pkix.Name{CommonName: "service-accounts"}, nil},
		"apiserver-kubelet-client": {ca,
			pkix.Name{CommonName: "kube-apiserver-kubelet-client", Organization: []string{"system:masters"}}, nil},
	} {
		c, err := issue(w.parent, w.subject, w.names...)
		if err != nil {
			return err
		}
		if err := c.write(*dir, file); err != nil {
			return err
		}
	}
	a := access{cluster: *cluster, server: *server, ca: ca.certPEM}
	for file, subject := range map[string]pkix.Name{
		"admin":              {CommonName: "admin", Organization: []string{"system:masters"}},
		"controller-manager": {CommonName: "system:kube-controller-manager"},
		"scheduler":          {CommonName: "system:kube-scheduler"},
		"proxy":              {CommonName: "system:kube-proxy"},
		"kubelet":            {CommonName: "system:node:" + *node, Organization: []string{"system:nodes"}},
	} {
		c, err := issue(ca, subject)
		if err != nil {
			return err
		}
		if err := a.writeKubeconfig(filepath.Join(*dir, file+".kubeconfig"), file, "", c); err != nil {
			return err
		}
	}
	return nil
}

// runUser issues a client certificate for a user of the cluster in -dir. The user
// may do nothing until a RoleBinding names it.
func runUser(args []string) error {
	fs := flag.NewFlagSet("pki user", flag.ExitOnError)
	dir := fs.String("dir", "", "folder that `pki cluster` wrote")
	user := fs.String("name", "", "name of the user")
	namespace := fs.String("namespace", "", "namespace of the kubeconfig's context")
	out := fs.String("out", "", "kubeconfig to write")
	var groups []string
	fs.Func("group", "group of the user", func(v string) error { groups = append(groups, v); return nil })
	_ = fs.Parse(args) // ExitOnError: never returns an error
	if *user == "" || *out == "" {
		return errors.New("-name and -out are required")
	}
	ca, err := load(*dir, "ca")
	if err != nil {
		return err
	}
	admin, err := clientcmd.LoadFromFile(filepath.Join(*dir, "admin.kubeconfig"))
	if err != nil {
		return err
	}
	context := admin.Contexts[admin.CurrentContext]
	if context == nil || admin.Clusters[context.Cluster] == nil {
		return fmt.Errorf("admin.kubeconfig in %s has no current context", *dir)
	}
	c, err := issue(ca, pkix.Name{CommonName: *user, Organization: groups})
	if err != nil {
		return err
	}
	a := access{cluster: context.Cluster, server: admin.Clusters[context.Cluster].Server, ca: ca.certPEM}
	return a.writeKubeconfig(*out, *user, *namespace, c)
}
