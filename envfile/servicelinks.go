package envfile

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// apiService is the Service of the API server: every pod gets its variables,
// from the default namespace, also with enableServiceLinks off.
const apiService = "kubernetes"

type link struct{ name, value, service string }

// serviceLinks are the variables that the kubelet makes from Services
// (getServiceEnvVarMap and pkg/kubelet/envvars). Services without a cluster
// address, such as headless ones, have none. A Service named kubernetes in the
// pod's own namespace replaces the API server's, unless links are off.
//
// The kubelet walks a map; where two Services make the same name its choice is
// random, here the later in alphabetical order wins.
func serviceLinks(services []corev1.Service, pod *corev1.Pod) []link {
	enabled := pod.Spec.EnableServiceLinks == nil || *pod.Spec.EnableServiceLinks
	chosen := map[string]*corev1.Service{}
	for i := range services {
		s := &services[i]
		if s.Spec.ClusterIP == "" || s.Spec.ClusterIP == corev1.ClusterIPNone || len(s.Spec.Ports) == 0 {
			continue
		}
		switch {
		case s.Namespace == metav1.NamespaceDefault && s.Name == apiService:
			if _, own := chosen[s.Name]; !own {
				chosen[s.Name] = s
			}
		case s.Namespace == pod.Namespace && enabled:
			chosen[s.Name] = s
		}
	}
	names := make([]string, 0, len(chosen))
	for name := range chosen {
		names = append(names, name)
	}
	slices.Sort(names)
	var links []link
	for _, name := range names {
		links = appendLinks(links, chosen[name])
	}
	return links
}

func linkName(s string) string { return strings.ToUpper(strings.ReplaceAll(s, "-", "_")) }

func appendLinks(links []link, s *corev1.Service) []link {
	prefix, ip := linkName(s.Name), s.Spec.ClusterIP
	add := func(name, value string) { links = append(links, link{name, value, s.Name}) }
	add(prefix+"_SERVICE_HOST", ip)
	add(prefix+"_SERVICE_PORT", strconv.Itoa(int(s.Spec.Ports[0].Port)))
	for i, p := range s.Spec.Ports {
		port := strconv.Itoa(int(p.Port))
		if p.Name != "" {
			add(prefix+"_SERVICE_PORT_"+linkName(p.Name), port)
		}
		protocol := string(p.Protocol)
		if protocol == "" {
			protocol = string(corev1.ProtocolTCP)
		}
		// The names of Docker's container links.
		lower := strings.ToLower(protocol)
		url := lower + "://" + net.JoinHostPort(ip, port)
		if i == 0 {
			add(prefix+"_PORT", url)
		}
		each := fmt.Sprintf("%s_PORT_%s_%s", prefix, port, strings.ToUpper(protocol))
		add(each, url)
		add(each+"_PROTO", lower)
		add(each+"_PORT", port)
		add(each+"_ADDR", ip)
	}
	return links
}

// linkPattern is the shape of a link variable; group 1 is the Service's prefix.
var linkPattern = regexp.MustCompile(`^([A-Z][A-Z0-9_]*?)_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$`)

// looksLikeLink says whether name has the shape of a service link variable.
// The shape of FOO_PORT is too common to count alone.
func looksLikeLink(name string) bool {
	m := linkPattern.FindStringSubmatch(name)
	return m != nil && name != m[1]+"_PORT"
}

// isLink says whether an observed variable that nothing computed is a service
// link: it has the shape of one, and the SERVICE_HOST of the same prefix is
// there and is an address, as the kubelet sets them together. An image's
// APP_PORT=8080 is therefore not one.
func isLink(name string, observed map[string]string) bool {
	for i := range len(name) {
		if name[i] != '_' {
			continue
		}
		// Every cut is tried: the Service may itself be called my-service-host.
		host, ok := observed[name[:i]+"_SERVICE_HOST"]
		if !ok {
			continue
		}
		m := linkPattern.FindStringSubmatch("P" + name[i:])
		if m == nil || m[1] != "P" {
			continue
		}
		if _, err := netip.ParseAddr(host); err == nil {
			return true
		}
	}
	return false
}
