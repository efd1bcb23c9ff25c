package fault

import "slices"

// Kind names one sort of failure. Its text is part of the protocol.
type Kind string

// Error lets a Kind be the target of errors.Is.
func (k Kind) Error() string { return string(k) }

// The kinds, grouped by where they arise.
const (
	// The manifest.
	ManifestNotFound Kind = "manifest-not-found"
	ManifestInvalid  Kind = "manifest-invalid"
	DevNotFound      Kind = "dev-not-found"
	DevNotHybrid     Kind = "dev-not-hybrid"

	// Finding the workload.
	WorkloadNotFound  Kind = "workload-not-found"
	WorkloadAmbiguous Kind = "workload-ambiguous"
	ContainerNotFound Kind = "container-not-found"

	// The cluster and the right to use it.
	ClusterUnreachable Kind = "cluster-unreachable"
	CredentialsExpired Kind = "credentials-expired"
	KubeconfigInvalid  Kind = "kubeconfig-invalid"
	PermissionDenied   Kind = "permission-denied"
	Conflict           Kind = "conflict"

	// The dev container's pod.
	PodUnschedulable  Kind = "pod-unschedulable"
	ImagePullFailed   Kind = "image-pull-failed"
	ContainerCrashed  Kind = "container-crashed"
	PodSecurityDenied Kind = "pod-security-denied"
	QuotaExceeded     Kind = "quota-exceeded"
	AdmissionDenied   Kind = "admission-denied"
	VolumeMountFailed Kind = "volume-mount-failed"
	PodGone           Kind = "pod-gone"

	// The environment.
	SecretNotFound    Kind = "secret-not-found"
	ConfigMapNotFound Kind = "configmap-not-found"
	KeyNotFound       Kind = "key-not-found"
	EnvUnwritable     Kind = "env-unwritable"

	// Tunnels.
	PortInUse         Kind = "port-in-use"
	PortPrivileged    Kind = "port-privileged"
	ReverseBindFailed Kind = "reverse-bind-failed"
	LinkFailed        Kind = "link-failed"
	TunnelNotFound    Kind = "tunnel-not-found"

	// The local command.
	CommandNotFound Kind = "command-not-found"
	CommandFailed   Kind = "command-failed"

	// Debuggers.
	DebuggerMissing  Kind = "debugger-missing"
	DebugBuildFailed Kind = "debug-build-failed"
	DebugFailed      Kind = "debug-failed"
	DebugUnsupported Kind = "debug-unsupported"
	DebugNotFound    Kind = "debug-not-found"

	// Sessions.
	SessionBusy     Kind = "session-busy"
	SessionNotFound Kind = "session-not-found"
	JournalFailed   Kind = "journal-failed"
	TakenOver       Kind = "taken-over"
	TakenBack       Kind = "taken-back"
	Contested       Kind = "contested"

	// The user's run configurations.
	RunConfigInvalid    Kind = "run-config-invalid"
	RunConfigUnwritable Kind = "run-config-unwritable"

	// This build and its calls.
	AgentMissing  Kind = "agent-missing"
	InvalidParams Kind = "invalid-params"
	Timeout       Kind = "timeout"
	Cancelled     Kind = "cancelled"
	Internal      Kind = "internal"
)

var all = []Kind{
	ManifestNotFound, ManifestInvalid, DevNotFound, DevNotHybrid,
	WorkloadNotFound, WorkloadAmbiguous, ContainerNotFound,
	ClusterUnreachable, CredentialsExpired, KubeconfigInvalid, PermissionDenied, Conflict,
	PodUnschedulable, ImagePullFailed, ContainerCrashed, PodSecurityDenied, QuotaExceeded,
	AdmissionDenied, VolumeMountFailed, PodGone,
	SecretNotFound, ConfigMapNotFound, KeyNotFound, EnvUnwritable,
	PortInUse, PortPrivileged, ReverseBindFailed, LinkFailed, TunnelNotFound,
	CommandNotFound, CommandFailed,
	DebuggerMissing, DebugBuildFailed, DebugFailed, DebugUnsupported, DebugNotFound,
	SessionBusy, SessionNotFound, JournalFailed, TakenOver, TakenBack, Contested,
	RunConfigInvalid, RunConfigUnwritable,
	AgentMissing, InvalidParams, Timeout, Cancelled, Internal,
}

// retryable says which kinds may pass without a change by the user.
func retryable(k Kind) bool {
	return slices.Contains([]Kind{ClusterUnreachable, Conflict, PodUnschedulable, QuotaExceeded,
		PodGone, LinkFailed, PortInUse, SessionBusy, Timeout}, k)
}
