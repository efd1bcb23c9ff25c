// Command tandem-testbed is a whole Kubernetes in one static program: etcd,
// kube-apiserver, kube-controller-manager, kube-scheduler, kube-proxy, kubelet
// and kubectl, each the unmodified upstream code, plus the few tools that a
// cluster without Docker needs: a certificate authority, an OCI registry and an
// image builder.
//
//	tandem-testbed COMPONENT [FLAGS]
//
// It also answers to the name it is called by, so that a symbolic link named
// kubectl is kubectl. One program and not nine, because they share most of their
// code: linking it once is what makes a cold build bearable. CoreDNS is the
// exception (see ../dns): it needs another version of client-go.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	_ "time/tzdata" // CronJobs name time zones, and a bare machine has no zone files

	"github.com/spf13/cobra"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	"github.com/tandem-dev/tandem/testbed/image"
	"github.com/tandem-dev/tandem/testbed/pki"
	"github.com/tandem-dev/tandem/testbed/registry"
)

// components are upstream's commands, built only when called: each registers
// flags and metrics in global tables, and two in one process would clash.
var components = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kube-proxy":              proxy.NewProxyCommand,
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
}

// tools are written here; each gets the arguments after its name.
var tools = map[string]func(args []string) error{
	"etcd":     runEtcd,
	"pki":      pki.Run,
	"registry": registry.Run,
	"image":    image.Run,
}

func main() {
	name := filepath.Base(os.Args[0])
	if !known(name) {
		if len(os.Args) < 2 || !known(os.Args[1]) {
			fmt.Fprintf(os.Stderr, "usage: tandem-testbed %s ...\n", strings.Join(names(), "|"))
			os.Exit(2)
		}
		os.Args = os.Args[1:] // several components read os.Args themselves
		name = os.Args[0]
	}
	switch {
	case name == "kubectl":
		_, _ = logs.GlogSetter(cmd.GetLogVerbosity(os.Args)) // as upstream's main: a bad level is reported by flag parsing
		if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
			util.CheckErr(err)
		}
	case components[name] != nil:
		os.Exit(cli.Run(components[name]()))
	default:
		if err := tools[name](os.Args[1:]); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(1)
		}
	}
}

func known(name string) bool { return slices.Contains(names(), name) }

func names() []string {
	all := []string{"kubectl"}
	for n := range components {
		all = append(all, n)
	}
	for n := range tools {
		all = append(all, n)
	}
	slices.Sort(all)
	return all
}
