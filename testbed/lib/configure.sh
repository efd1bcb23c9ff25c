# The configuration files of one cluster, written below its state folder. Paths inside are the node's
# (see NODE_DIR in settings.sh), so a file says the same wherever the clone lies.

configure_all() {
  mkdir -p "$STATE"/{log,pki,cni,registry} "$STATE"/volumes "$STATE"/var/{log,cache,tmp} \
           "$STATE"/var/lib/{etcd,kubelet,containerd,cni}
  chmod 700 "$STATE/var/lib/etcd"
  ln -sfn /run "$STATE/var/run"
  "$TOOL" pki cluster -dir "$STATE/pki" -cluster "$NAME" -server "https://$NODE_IP:6443" \
    -node "$NAME" -node-ip "$NODE_IP" -san "$API_SERVICE_IP"
  configure_runtime
  configure_kubelet
  configure_proxy
  configure_apiserver
  configure_dns
  configure_objects
}

configure_runtime() {
  cat > "$STATE/cni/10-bridge.conflist" <<E_
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "/run/cni-ipam",
            "ranges": [[{"subnet": "$POD_CIDR"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
E_
  # images are named 127.0.0.1:PORT/... on both sides; the node fetches them from the host's end of the veth
  local registry
  for registry in "$REGISTRY" "$HOST_IP:$REGISTRY_PORT"; do
    mkdir -p "$STATE/registries/$registry"
    printf 'server = "http://%s"\n[host."http://%s"]\n  capabilities = ["pull", "resolve"]\n' \
      "$HOST_IP:$REGISTRY_PORT" "$HOST_IP:$REGISTRY_PORT" > "$STATE/registries/$registry/hosts.toml"
  done
  cat > "$STATE/containerd.toml" <<E_
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/tandem-testbed/pause:1"
  disable_apparmor = true
  # Virtual machines without CAP_SYS_RESOURCE may only raise oom_score_adj; asking for less would fail every sandbox.
  restrict_oom_score_adj = true
  # Pods may bind ports below 1024 as any user only when they ask for the sysctl themselves, as on most clusters.
  enable_unprivileged_ports = false
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "$NODE_DEBIAN/usr/sbin/runc"
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$NODE_DEBIAN/usr/lib/cni"
    conf_dir = "$NODE_STATE/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$NODE_STATE/registries"
E_
}

configure_kubelet() {
  # Pods that use the node's resolver find the cluster's DNS; there is no other way out anyway.
  printf 'nameserver %s\n' "$NODE_IP" > "$STATE/resolv.conf"
  cat > "$STATE/kubelet.yaml" <<E_
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 0.0.0.0
readOnlyPort: 0
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: $NODE_STATE/pki/ca.crt}
authorization: {mode: Webhook}
tlsCertFile: $NODE_STATE/pki/kubelet-server.crt
tlsPrivateKeyFile: $NODE_STATE/pki/kubelet-server.key
cgroupDriver: cgroupfs
cgroupRoot: /$NAME
failCgroupV1: false                 # v1 machines are still common, CI's among them
failSwapOn: false
clusterDNS: [$DNS_SERVICE_IP]
clusterDomain: $CLUSTER_DOMAIN
resolvConf: $NODE_STATE/resolv.conf
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
volumePluginDir: /var/lib/flex
makeIPTablesUtilChains: false       # kube-proxy speaks nftables; nothing here needs the kubelet's chains
serializeImagePulls: false
imageGCHighThresholdPercent: 100    # a developer's nearly full disk must not evict pods or drop images
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, nodefs.inodesFree: 1%, imagefs.available: 1%}
enableDebuggingHandlers: true       # exec, logs, port-forward
E_
}

configure_proxy() {
  cat > "$STATE/proxy.yaml" <<E_
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: $NODE_STATE/pki/proxy.kubeconfig}
mode: nftables
clusterCIDR: $POD_CIDR
bindAddress: $NODE_IP
conntrack: {maxPerCore: 0, min: 0}  # the limit belongs to the whole machine, leave it alone
nodePortAddresses: [primary]
E_
}

# Every request of a person or a program (not of the cluster's own parts) is written to log/audit.log,
# so that a test can count what a session costs the API server.
configure_apiserver() {
  cat > "$STATE/audit.yaml" <<'E_'
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, userGroups: ["system:nodes", "system:serviceaccounts:kube-system"]}
- {level: None, users: ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy"]}
- {level: None, nonResourceURLs: ["/readyz", "/livez", "/healthz"]}
- {level: Metadata}
E_
}

configure_dns() {
  cat > "$STATE/Corefile" <<E_
.:53 {
  bind $NODE_IP
  errors
  kubernetes $CLUSTER_DOMAIN in-addr.arpa {
    kubeconfig $NODE_STATE/pki/admin.kubeconfig $NAME
    pods insecure
    ttl 5
  }
  cache 5
}
E_
}

# CoreDNS runs on the node, outside Kubernetes, so that no image is needed for it: its Service has no
# selector and an EndpointSlice that names the node. Volumes claimed without a class get a folder of the node.
configure_objects() {
  cat > "$STATE/objects.yaml" <<E_
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec:
  clusterIP: $DNS_SERVICE_IP
  ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: kube-dns-node, namespace: kube-system, labels: {kubernetes.io/service-name: kube-dns}}
addressType: IPv4
endpoints: [{addresses: [$NODE_IP], conditions: {ready: true}}]
ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: kubernetes.io/host-path
E_
}
