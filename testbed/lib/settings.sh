# Settings of one cluster. Sourced by every script; defines names only, does nothing.
#
# Every TESTBED_* variable may be set in the environment. Two clusters live side by side when they
# differ in TESTBED_NAME, TESTBED_NET and TESTBED_REGISTRY_PORT.

TESTBED=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
NAME=${TESTBED_NAME:-tandem}                    # node name, host interface, cgroups
NET=${TESTBED_NET:-10.77}                       # first two octets of everything below
REGISTRY_PORT=${TESTBED_REGISTRY_PORT:-5000}
STATE_ROOT=${TESTBED_STATE:-$TESTBED/.state}    # git-ignored; Go tools skip folders that start with a dot

HOST_IP=$NET.0.1                                # this machine's end of the veth pair
NODE_IP=$NET.0.2                                # the node's end: API server, NodePorts
POD_CIDR=$NET.1.0/24
SERVICE_CIDR=$NET.2.0/24
API_SERVICE_IP=$NET.2.1                         # first address of the range: the `kubernetes` Service
DNS_SERVICE_IP=$NET.2.10
REGISTRY=127.0.0.1:$REGISTRY_PORT               # prefix of image names, on this machine and in pod specs
CLUSTER_DOMAIN=cluster.local

BUILD=$STATE_ROOT/build                         # shared by all clusters: bin/, debian/, image files
STATE=$STATE_ROOT/clusters/$NAME                # what one cluster writes; gone after `down`
CLUSTERS=/run/tandem-testbed                    # one file per cluster that is up, whatever clone it comes from
KUBECONFIG_FILE=$STATE/pki/admin.kubeconfig
TOOL=$BUILD/bin/tandem-testbed                  # the multi-call binary
KUBERNETES_VERSION=v1.34.4                      # of k8s.io/kubernetes in go.mod

# Debian packages are unpacked here, never installed: the machine stays as it was.
DEBIAN=$BUILD/debian
case $(uname -m) in
  x86_64)  MULTIARCH=x86_64-linux-gnu ;;
  aarch64) MULTIARCH=aarch64-linux-gnu ;;
  *)       MULTIARCH=$(uname -m)-linux-gnu ;;
esac

# Inside the node the same folders are seen under fixed paths (node/init mounts them), so that
# configuration does not depend on where the clone lies, be it below /tmp or /var.
NODE_DIR=/mnt
NODE_STATE=$NODE_DIR/state
NODE_BIN=$NODE_DIR/build/bin
NODE_DEBIAN=$NODE_DIR/build/debian
