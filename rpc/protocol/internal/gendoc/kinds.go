package gendoc

import "github.com/tandem-dev/tandem/internal/fault"

// remedy is what the reference says about one kind of failure.
type remedy struct {
	kind fault.Kind
	// means says what has happened, do what the user does about it. The hint of
	// the error itself is more exact where it can be.
	means, do string
}

// chapter groups kinds as internal/fault does.
type chapter struct {
	title    string
	remedies []remedy
}

var chapters = []chapter{
	{"The manifest", []remedy{
		{fault.ManifestNotFound, "No okteto.yml was found where one was looked for, or the named file is not there.", "Run in the project's folder, or name the file (`-f`, `manifest`)."},
		{fault.ManifestInvalid, "The manifest has errors that concern the dev. `detail.diagnostics` lists all of them with their places.", "Correct the lines that are shown."},
		{fault.DevNotFound, "The manifest has no such dev, or no dev was named and there is more than one in hybrid mode.", "Name one; the hint lists them."},
		{fault.DevNotHybrid, "The dev is in sync mode, which Tandem does not run.", "Set `mode: hybrid`."},
	}},
	{"Finding the workload", []remedy{
		{fault.WorkloadNotFound, "No Deployment or StatefulSet of that name, or with the labels of `selector`, is in the namespace; also: no Service has the labels of a forward.", "Check namespace, context and spelling."},
		{fault.WorkloadAmbiguous, "Several match. `detail.candidates` lists them.", "Add a label to `selector` that only one has."},
		{fault.ContainerNotFound, "The workload has no container of that name.", "Correct `container`; the hint lists the containers."},
	}},
	{"The cluster and the right to use it", []remedy{
		{fault.ClusterUnreachable, "The API server does not answer.", "Check VPN, network and context, then try again."},
		{fault.CredentialsExpired, "The API server does not accept the credentials.", "Log in again with your cluster's tool."},
		{fault.KubeconfigInvalid, "The kubeconfig cannot be read, or has no such context.", "Correct it; `kubectl config get-contexts` lists contexts."},
		{fault.PermissionDenied, "You may not do all that a session needs. `detail.missing` lists every missing permission.", "Ask for the Role in [rbac.yaml](rbac.yaml); see [security.md](security.md)."},
		{fault.Conflict, "Somebody else changed the same object at the same time.", "Try again."},
	}},
	{"The dev container's pod", []remedy{
		{fault.PodUnschedulable, "No node takes the pod.", "Free resources, or wait for a node; the message quotes the scheduler."},
		{fault.ImagePullFailed, "A node cannot pull an image: the agent's or one of the workload's.", "Check that the nodes reach the registry and that the pod's imagePullSecrets fit."},
		{fault.ContainerCrashed, "A container of the dev pod ended again and again. The message has the last lines of its log, where they may be read.", "Correct what the log complains of; often a sidecar that misses a volume."},
		{fault.PodSecurityDenied, "The namespace's Pod Security level refuses the pod.", "The dev pod asks for no more than the original: bring the original in line with the level."},
		{fault.QuotaExceeded, "A ResourceQuota has no room for one more pod.", "Free some, or ask for a larger quota."},
		{fault.AdmissionDenied, "An admission webhook or policy refuses the objects.", "Ask the cluster's administrators to exempt the label `tandem.dev/dev-container`."},
		{fault.VolumeMountFailed, "A volume of the pod cannot be mounted, often because its ConfigMap or Secret is missing.", "Create what is missing."},
		{fault.PodGone, "The dev pod was deleted or evicted while it was waited for.", "Try again."},
	}},
	{"The environment", []remedy{
		{fault.SecretNotFound, "A required Secret does not exist.", "Create it, or make the reference optional."},
		{fault.ConfigMapNotFound, "A required ConfigMap does not exist.", "Create it, or make the reference optional."},
		{fault.KeyNotFound, "A Secret or ConfigMap lacks a required key.", "Add the key, or make the reference optional."},
		{fault.EnvUnwritable, "An environment file cannot be written.", "Check the folder's rights and the disk's space."},
	}},
	{"Tunnels", []remedy{
		{fault.PortInUse, "A local port of a forward is taken; on Linux the message names the process.", "End that process, or choose another port in `forward`."},
		{fault.PortPrivileged, "The system does not let you bind a local port below 1024.", "Choose a port above 1023."},
		{fault.ReverseBindFailed, "The agent cannot bind a port of `reverse` in the pod: another container has it.", "Choose the port of the container that the session stands in for."},
		{fault.LinkFailed, "The SSH connection to the agent could not be made or was lost.", "A running session reconnects by itself; else try again."},
		{fault.TunnelNotFound, "The session has no tunnel with that id.", "`session/get` has them; it may have been closed."},
	}},
	{"The local command", []remedy{
		{fault.CommandNotFound, "The command's program, or the interpreter of its script, is not on this machine.", "Install it, or correct `command`."},
		{fault.CommandFailed, "The command could not be run: its folder does not exist, or the system refused to start it.", "Correct `workdir`; else the message has the system's words."},
	}},
	{"Debuggers", []remedy{
		{fault.DebuggerMissing, "The program's runtime has no debugger: Python without debugpy.", "Install what the hint names."},
		{fault.DebugBuildFailed, "The program could not be built for the debugger. The message has the compiler's words.", "Correct the program or `buildFlags`."},
		{fault.DebugFailed, "The debugger, or the program under it, ended before a client could come in, or did not listen in time.", "The output of the session says why."},
		{fault.DebugUnsupported, "There is no such way to debug in this language, or nothing tells what to debug.", "The hint says what there is."},
		{fault.DebugNotFound, "The session has no debugger of that id.", "`session/get` lists the session's debuggers."},
	}},
	{"Sessions", []remedy{
		{fault.TakenOver, "Somebody else took the workload over with `takeover`; the message says who. The cause of a session that ended so.", "Talk to them; `--takeover` takes it back."},
		{fault.TakenBack, "The workload was given back while nothing was heard of this machine: by the guard in the cluster, whose time had run out, or by somebody else; the message says by whom, where that is known. The cause of a session that ended so. Nothing was diverted again.", "Start again; a longer absence is what `--guard-ttl` or `guardTtlSeconds` is for."},
		{fault.Contested, "Something in the cluster changes the workload back while a session stands in for it, such as a GitOps controller; the message says who and what.", "Pause that controller for this workload while you work on it."},
		{fault.SessionBusy, "A session stands in for this workload already: in this server, in another process, or on another machine.", "`tandem status` shows your own; end it, or take over (`--takeover`, `options.takeover`)."},
		{fault.SessionNotFound, "There is no session of that id in this server, or its owner went away.", "`session/list` or `tandem status` has them."},
		{fault.JournalFailed, "The journal cannot be written or read. Nothing is done to a cluster without it.", "Free space, correct the rights, or choose another folder (`--state-dir`, `stateDir`)."},
	}},
	{"Run configurations", []remedy{
		{fault.RunConfigInvalid, "A file of the editor's is not JSON with comments, has something else where a list belongs, or holds an entry of ours by name that is not ours. It was left as it is.", "Correct the place that the message names."},
		{fault.RunConfigUnwritable, "A file of the editor's is read-only, a symbolic link, or cannot be written. It was left as it is.", "Make it a file that you may write, or keep your own run configurations."},
	}},
	{"This build and its calls", []remedy{
		{fault.AgentMissing, "No agent image is configured, or this build holds no agents.", "`tandem agent image push REF` once, then `--agent-image`, `TANDEM_AGENT_IMAGE` or `agentImage`; a build without agents: `make build`."},
		{fault.InvalidParams, "The parameters of a call do not fit its method.", "Correct the client."},
		{fault.Timeout, "A step took longer than the manifest's `timeout` allows.", "Try again, or raise `timeout`."},
		{fault.Cancelled, "The caller, or the end of the server, cancelled it.", "Nothing."},
		{fault.Internal, "A bug, or an error that no kind fits.", "Please report it with the log (`--log-level debug`)."},
	}},
}
