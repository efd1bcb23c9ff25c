// Package projection puts the files of a container's ConfigMap, Secret, downward
// API and service-account volumes on this machine, for a local process that
// reads configuration, certificates or tokens from files.
//
//	.tandem/api/root          the container's file system, as far as it is projected: what the container has
//	                          at /etc/shop/settings.yaml is at etc/shop/settings.yaml in it
//	.tandem/api/kubeconfig    reaches the cluster as the workload's service account
//
// [Write] replaces the whole of root in one step, as the kubelet does with a
// volume: root is a symbolic link to a folder, and the link is renamed. A process
// that opens a certificate and its key between two steps gets both from the same
// state. On Windows, where links need a privilege, the folder itself is renamed.
//
// Files have mode 0600 and folders 0700 from birth, names from the pod cannot
// leave the folder ([os.Root]), and [Remove] takes everything away.
package projection
