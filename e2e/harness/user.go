package harness

import (
	"context"
	"fmt"
	"path/filepath"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// UserKubeconfig makes a user who may do in the namespace what the rules say
// and nothing else, and returns the path of a kubeconfig for it.
func (n *Namespace) UserKubeconfig(name string, rules ...rbacv1.PolicyRule) string {
	n.T.Helper()
	ctx := n.T.Context()
	must := func(err error) {
		n.T.Helper()
		if err != nil {
			n.T.Fatalf("making user %s: %v", name, err)
		}
	}
	meta := metav1.ObjectMeta{Name: name}
	_, err := n.Cluster.CoreV1().ServiceAccounts(n.Name).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{})
	must(err)
	_, err = n.Cluster.RbacV1().Roles(n.Name).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{})
	must(err)
	_, err = n.Cluster.RbacV1().RoleBindings(n.Name).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: name, Namespace: n.Name}},
	}, metav1.CreateOptions{})
	must(err)
	token, err := n.Cluster.CoreV1().ServiceAccounts(n.Name).CreateToken(ctx, name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	must(err)
	return n.KubeconfigOf(name, clientcmdapi.AuthInfo{Token: token.Status.Token})
}

// KubeconfigOf is a kubeconfig for the cluster with these credentials.
func (n *Namespace) KubeconfigOf(name string, credentials clientcmdapi.AuthInfo) string {
	n.T.Helper()
	return n.writeKubeconfig(name, func(_ *clientcmdapi.Cluster, user *clientcmdapi.AuthInfo) { *user = credentials })
}

// RevocableToken is a token of a user that [Namespace.UserKubeconfig] made, and what
// revokes it: the API server knows it as long as the Secret that it is bound to is
// there. revoke returns once the server refuses it.
func (n *Namespace) RevocableToken(name string) (token string, revoke func()) {
	n.T.Helper()
	secrets := n.Cluster.CoreV1().Secrets(n.Name)
	bound, err := secrets.Create(n.T.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{GenerateName: name + "-token-"}}, metav1.CreateOptions{})
	if err != nil {
		n.T.Fatalf("a Secret for a token of %s: %v", name, err)
	}
	made, err := n.Cluster.CoreV1().ServiceAccounts(n.Name).CreateToken(n.T.Context(), name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{BoundObjectRef: &authenticationv1.BoundObjectReference{
			Kind: "Secret", APIVersion: "v1", Name: bound.Name, UID: bound.UID}}}, metav1.CreateOptions{})
	if err != nil {
		n.T.Fatalf("a token of %s: %v", name, err)
	}
	token = made.Status.Token
	return token, func() {
		n.T.Helper()
		if err := secrets.Delete(n.T.Context(), bound.Name, metav1.DeleteOptions{}); err != nil {
			n.T.Fatalf("revoking a token of %s: %v", name, err)
		}
		config := rest.AnonymousClientConfig(n.Cluster.Config)
		config.BearerToken = token
		as, err := kubernetes.NewForConfig(config)
		if err != nil {
			n.T.Fatalf("%v", err)
		}
		defer utilnet.CloseIdleConnectionsFor(as.CoreV1().RESTClient().(*rest.RESTClient).Client.Transport)
		Eventually(n.T, "the API server to refuse the token", func(ctx context.Context) error {
			_, err := as.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
			if !apierrors.IsUnauthorized(err) {
				return fmt.Errorf("it answers %v", err)
			}
			return nil
		})
	}
}

// KubeconfigTo is the administrator's kubeconfig with another server address.
func (n *Namespace) KubeconfigTo(server string) string {
	n.T.Helper()
	return n.writeKubeconfig("elsewhere", func(cluster *clientcmdapi.Cluster, _ *clientcmdapi.AuthInfo) { cluster.Server = server })
}

// KubeconfigVia is the administrator's kubeconfig with an address that leads to the
// API server, whose certificate is for name.
func (n *Namespace) KubeconfigVia(server, name string) string {
	n.T.Helper()
	return n.writeKubeconfig("via", func(cluster *clientcmdapi.Cluster, _ *clientcmdapi.AuthInfo) {
		cluster.Server, cluster.TLSServerName = server, name
	})
}

func (n *Namespace) writeKubeconfig(name string, change func(*clientcmdapi.Cluster, *clientcmdapi.AuthInfo)) string {
	n.T.Helper()
	config, err := clientcmd.LoadFromFile(n.Cluster.Kubeconfig)
	if err != nil {
		n.T.Fatalf("%v", err)
	}
	current := config.Contexts[config.CurrentContext]
	change(config.Clusters[current.Cluster], config.AuthInfos[current.AuthInfo])
	path := filepath.Join(n.T.TempDir(), name+".kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		n.T.Fatalf("%v", err)
	}
	return path
}
