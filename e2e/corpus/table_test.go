package corpus

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// row is one workload and the rule that it is about.
type row struct {
	rule string

	// The container under test.
	env     []corev1.EnvVar
	envFrom []corev1.EnvFromSource
	image   string // of imageEnvs; "" is plain
	// change does what the rest cannot: app is the container under test.
	change func(pod *corev1.PodTemplateSpec, app *corev1.Container)
	// second puts another container before the one under test.
	second bool
	set    bool // a StatefulSet
	place  place
	online bool // also with a session

	// want is what the container must have, so that the row proves its rule and
	// not only that both sides agree; lacks is what it must not have.
	want  map[string]string
	lacks []string
	// ofPod are names whose value belongs to the pod.
	ofPod []string
	// documented are the values that the documented precedence gives instead.
	documented map[string]string
}

type values = map[string]string

// template is a change of the pod's template alone.
func template(f func(*corev1.PodTemplateSpec)) func(*corev1.PodTemplateSpec, *corev1.Container) {
	return func(pod *corev1.PodTemplateSpec, _ *corev1.Container) { f(pod) }
}

func labelled(pairs map[string]string) func(*corev1.PodTemplateSpec, *corev1.Container) {
	return template(func(pod *corev1.PodTemplateSpec) {
		for k, v := range pairs {
			pod.Labels[k] = v
		}
		pod.Annotations = pairs
	})
}

func limits(l, r map[corev1.ResourceName]string) func(*corev1.PodTemplateSpec, *corev1.Container) {
	return func(_ *corev1.PodTemplateSpec, app *corev1.Container) { app.Resources = resources(l, r) }
}

func links(on bool) func(*corev1.PodTemplateSpec, *corev1.Container) {
	return template(func(pod *corev1.PodTemplateSpec) { pod.Spec.EnableServiceLinks = &on })
}

type amounts = map[corev1.ResourceName]string

var yes, no = true, false

var rows = []row{
	// Literals.
	{rule: "nothing at all", lacks: []string{"TERM"}},
	{rule: "literal", env: env(lit("A", "1")), want: values{"A": "1"}, online: true},
	{rule: "empty literal", env: env(lit("A", "")), want: values{"A": ""}},
	{rule: "empty literal over image", env: env(lit("IMAGE_ONLY", "")), want: values{"IMAGE_ONLY": ""}},
	{rule: "last duplicate wins", env: env(lit("A", "1"), lit("B", "$(A)"), lit("A", "2")), want: values{"A": "2", "B": "1"}},
	{rule: "duplicate made empty", env: env(lit("A", "1"), lit("A", "")), want: values{"A": ""}},
	{rule: "several lines", env: env(lit("A", "one\ntwo\n\nX=Y\n")), want: values{"A": "one\ntwo\n\nX=Y\n"}, lacks: []string{"X"}},
	{rule: "other scripts", env: env(lit("A", "grüße, 世界 🚲 \u202e")), want: values{"A": "grüße, 世界 🚲 \u202e"}},
	{rule: "quotes and backslashes", env: env(lit("A", `'"\n\t\\ #;&|`+"`")), want: values{"A": `'"\n\t\\ #;&|` + "`"}},
	{rule: "white space at the ends", env: env(lit("A", "  a\t ")), want: values{"A": "  a\t "}},
	{rule: "equals signs in a value", env: env(lit("A", "=b=c=")), want: values{"A": "=b=c="}},
	{rule: "control characters", env: env(lit("A", "\x01\x1b[0m\r\x7f")), want: values{"A": "\x01\x1b[0m\r\x7f"}},
	{rule: "a long value", env: env(lit("A", strings.Repeat("x", 60_000)))},
	{rule: "names with dots and dashes", env: env(lit("a.b", "1"), lit("c-d", "2"), lit("E", "$(a.b)$(c-d)")), want: values{"E": "12"}},
	{rule: "names of any characters", env: env(lit("with space", "1"), lit("p(q", "2"), lit("1st", "3"), lit("$D", "4"), lit("~", "5"),
		lit("ALL", "$(with space)$(p(q)$(1st)$($D)$(~)")), want: values{"with space": "1", "ALL": "12345"}},
	{rule: "names differ by case", env: env(lit("a", "1"), lit("A", "2")), want: values{"a": "1", "A": "2"}},

	// $(VAR).
	{rule: "expansion", env: env(lit("A", "1"), lit("B", "[$(A)]")), want: values{"B": "[1]"}},
	{rule: "expansion chain", env: env(lit("A", "1"), lit("B", "$(A)2"), lit("C", "$(B)3")), want: values{"C": "123"}, online: true},
	{rule: "forward reference stays", env: env(lit("B", "$(A)"), lit("A", "1")), want: values{"B": "$(A)"}},
	{rule: "self reference stays", env: env(lit("A", "$(A)")), want: values{"A": "$(A)"}},
	{rule: "own earlier value", env: env(lit("A", "1"), lit("A", "$(A)2")), want: values{"A": "12"}},
	{rule: "dollars escape", env: env(lit("A", "1"), lit("B", "$$(A) $$$(A) $$$$")), want: values{"B": "$(A) $1 $$"}},
	{rule: "unknown stays", env: env(lit("A", "x$(NOBODY)y")), want: values{"A": "x$(NOBODY)y"}},
	{rule: "unterminated stays", env: env(lit("B", "1"), lit("A", "$(B and $$ and $")), want: values{"A": "$(B and $ and $"}},
	{rule: "shell syntax is none", env: env(lit("B", "1"), lit("A", "$B ${B} `B` %B%")), want: values{"A": "$B ${B} `B` %B%"}},
	{rule: "empty reference", env: env(lit("A", "$()")), want: values{"A": "$()"}},
	{rule: "nested reference", env: env(lit("B", "1"), lit("A", "$($(B))")), want: values{"A": "$($(B))"}},
	{rule: "not twice", env: env(lit("A", "1"), lit("B", "$$(A)"), lit("C", "$(B)")), want: values{"C": "$(A)"}},
	{rule: "not in what is referred to", env: env(lit("K", "k"), key("A", "c1", "REF"), lit("B", "$(A)")), want: values{"A": "$(K) $$(K)", "B": "$(K) $$(K)"}},
	{rule: "of envFrom", env: env(lit("A", "$(K)/$(dotted.key)")), envFrom: envFrom(fromCM("c1", "")), want: values{"A": "c1/dot"}},
	{rule: "of envFrom with a prefix", env: env(lit("A", "$(P_K)$(K)")), envFrom: envFrom(fromCM("c1", "P_")), want: values{"A": "c1$(K)"}},
	{rule: "of a service", env: env(lit("A", "$(DB_SERVICE_HOST):$(DB_SERVICE_PORT)"), lit("B", "$(DB_PORT)")), online: true},
	{rule: "of the API server", env: env(lit("A", "https://$(KUBERNETES_SERVICE_HOST):$(KUBERNETES_PORT_443_TCP_PORT)"))},
	{rule: "of a service without links", env: env(lit("A", "$(DB_SERVICE_HOST)$(KUBERNETES_SERVICE_PORT)")), change: links(false), want: values{"A": "$(DB_SERVICE_HOST)443"}},
	{rule: "never of the image", env: env(lit("A", "$(IMAGE_ONLY) $(PATH)")), want: values{"A": "$(IMAGE_ONLY) $(PATH)"}},
	{rule: "of a secret", env: env(secret("P", "s1", "PASS"), lit("URL", "db://u:$(P)@h/?$(P)")), want: values{"URL": "db://u:hunter2@h/?hunter2"}, online: true},
	{rule: "of a field", env: env(field("N", "metadata.namespace"), lit("A", "$(N).svc"))},
	{rule: "of the pod's name", env: env(field("N", "metadata.name"), lit("A", "$(N).svc")), ofPod: []string{"N", "A"}},

	// References to keys.
	{rule: "key of a ConfigMap", env: env(key("A", "c1", "K"), key("B", "c1", "dotted.key")), want: values{"A": "c1", "B": "dot"}},
	{rule: "key of a Secret", env: env(secret("A", "s1", "PASS"), secret("B", "s2", ".dockerconfigjson")), want: values{"A": "hunter2", "B": "{}"}},
	{rule: "key with an empty value", env: env(key("IMAGE_ONLY", "c1", "NOTHING")), want: values{"IMAGE_ONLY": ""}},
	{rule: "key with lines", env: env(secret("A", "s1", "LINES"), key("B", "c1", "LINES")), want: values{"A": "-----BEGIN\nx==\n-----END\n", "B": "a\nb\n\n"}},
	{rule: "optional object that is not there", env: env(key("A", "nope", "x", optional), secret("B", "nope", "x", optional)), lacks: []string{"A", "B"}},
	{rule: "optional key that is not there", env: env(key("A", "c1", "nope", optional), secret("B", "s1", "nope", optional)), lacks: []string{"A", "B"}},
	{rule: "optional that is there", env: env(key("A", "c1", "K", optional), secret("B", "s1", "K", optional)), want: values{"A": "c1", "B": "s1"}},
	{rule: "optional shows an earlier one", env: env(lit("A", "1"), key("A", "c1", "nope", optional)), want: values{"A": "1"}},
	{rule: "optional shows envFrom", env: env(key("K", "c1", "nope", optional)), envFrom: envFrom(fromCM("c2", "")), want: values{"K": "c2"}},
	{rule: "optional shows the image", env: env(secret("IMAGE_ONLY", "nope", "x", optional)), want: values{"IMAGE_ONLY": "from the image"}, online: true},
	{rule: "reference to an absent optional stays", env: env(key("A", "nope", "x", optional), lit("B", "$(A)")), want: values{"B": "$(A)"}},
	{rule: "binaryData is no value", env: env(key("A", "bin", "BYTES", optional)), lacks: []string{"A"}},

	// envFrom.
	{rule: "envFrom a ConfigMap", envFrom: envFrom(fromCM("c1", "")), want: values{"K": "c1", "REF": "$(K) $$(K)", "NOTHING": "", "LINES": "a\nb\n\n", "UTF8": "grüße 世界 🚲"}},
	{rule: "envFrom a Secret", envFrom: envFrom(fromSecret("s1", "")), want: values{"K": "s1", "PASS": "hunter2"}},
	{rule: "env over envFrom", env: env(lit("K", "spec")), envFrom: envFrom(fromCM("c1", ""), fromSecret("s1", "")), want: values{"K": "spec"},
		documented: values{"UTF8": configMaps["c1"]["UTF8"], "LINES": "a\nb\n\n"}},
	{rule: "later ConfigMap over earlier", envFrom: envFrom(fromCM("c1", ""), fromCM("c2", "")), want: values{"K": "c2", "ONLY_C1": "one"}},
	{rule: "later Secret over earlier", envFrom: envFrom(fromSecret("s2", ""), fromSecret("s1", "")), want: values{"K": "s1", "ONLY_S2": "two"}},
	{rule: "later ConfigMap over Secret", envFrom: envFrom(fromSecret("s1", ""), fromCM("c1", "")), want: values{"K": "c1", "PASS": "hunter2"}},
	{rule: "later Secret over ConfigMap", envFrom: envFrom(fromCM("c1", ""), fromSecret("s1", "")), want: values{"K": "s1"},
		documented: values{"K": "c1", "UTF8": configMaps["c1"]["UTF8"], "LINES": "a\nb\n\n"}, online: true},
	{rule: "expansion sees the later source", env: env(lit("A", "$(K)")), envFrom: envFrom(fromCM("c2", ""), fromSecret("s2", "")), want: values{"A": "s2"},
		documented: values{"K": "c2"}},
	{rule: "the same source twice", envFrom: envFrom(fromCM("c1", ""), fromCM("c2", ""), fromCM("c1", "")), want: values{"K": "c1"}},
	{rule: "prefix", envFrom: envFrom(fromCM("c1", "P_"), fromSecret("s1", "p.")), want: values{"P_K": "c1", "P_dotted.key": "dot", "p.PASS": "hunter2", "K": "image"}},
	{rule: "prefix of any characters", envFrom: envFrom(fromCM("c2", " /x-")), want: values{" /x-K": "c2"}},
	{rule: "prefixes meet", envFrom: envFrom(fromCM("c2", "X_"), fromSecret("s2", "X_")), want: values{"X_K": "s2"}, documented: values{"X_K": "c2"}},
	{rule: "any key", envFrom: envFrom(fromCM("odd", "")), want: values{".dot": "dot", "-dash": "1", "1digit": "2", "_": "4"}},
	{rule: "keys of a Secret with a dot", envFrom: envFrom(fromSecret("s2", "")), want: values{".dockerconfigjson": "{}"}},
	{rule: "envFrom without data", envFrom: envFrom(fromCM("none", ""))},
	{rule: "envFrom passes over binaryData", envFrom: envFrom(fromCM("bin", "")), want: values{"TEXT": "t"}, lacks: []string{"BYTES"}},
	{rule: "optional envFrom that is not there", envFrom: envFrom(fromCM("nope", "", optional), fromSecret("nope", "", optional), fromCM("c2", "")), want: values{"K": "c2"}},
	{rule: "an empty value over the image", envFrom: envFrom(fromCM("c1", "")), image: "odd", want: values{"NOTHING": "", "LINES": "a\nb\n\n"}},

	// Fields.
	{rule: "fields of every pod alike", env: env(field("NS", "metadata.namespace"), field("SA", "spec.serviceAccountName")), want: values{"SA": "default"}, online: true},
	{rule: "fields of one pod", env: env(field("A", "metadata.name"), field("B", "metadata.uid"), field("C", "spec.nodeName"), field("D", "status.hostIP"),
		field("E", "status.hostIPs"), field("F", "status.podIP"), field("G", "status.podIPs")), ofPod: []string{"A", "B", "C", "D", "E", "F", "G"}},
	{rule: "a label", env: env(field("A", "metadata.labels['example.com/tier']"), field("B", "metadata.labels['nope']")),
		change: labelled(values{"example.com/tier": "front"}), want: values{"A": "front", "B": ""}},
	{rule: "an annotation", env: env(field("A", "metadata.annotations['example.com/Note']"), field("B", "metadata.annotations['nope']")),
		change: template(func(p *corev1.PodTemplateSpec) { p.Annotations = values{"example.com/Note": "two\nlines \"q\""} }),
		want:   values{"A": "two\nlines \"q\"", "B": ""}},
	{rule: "labels of the controller", env: env(field("A", "metadata.labels['pod-template-hash']")), ofPod: []string{"A"}},
	{rule: "labels of a StatefulSet", set: true, env: env(field("A", "metadata.labels['apps.kubernetes.io/pod-index']"),
		field("B", "metadata.labels['statefulset.kubernetes.io/pod-name']"), field("C", "metadata.labels['controller-revision-hash']")), ofPod: []string{"A", "B", "C"}},
	{rule: "a service account", env: env(field("SA", "spec.serviceAccountName")),
		change: template(func(p *corev1.PodTemplateSpec) { p.Spec.ServiceAccountName = "default" }), want: values{"SA": "default"}},

	// Resources.
	{rule: "limits and requests", env: env(amount("A", "", "limits.cpu", "1m"), amount("B", "", "limits.memory", ""), amount("C", "", "requests.cpu", "1m"), amount("D", "", "requests.memory", "1Mi")),
		change: limits(amounts{"cpu": "250m", "memory": "64Mi"}, amounts{"cpu": "10m", "memory": "16Mi"}),
		want:   values{"A": "250", "B": "67108864", "C": "10", "D": "16"}},
	{rule: "divisors round up", env: env(amount("A", "", "limits.cpu", "1"), amount("B", "", "limits.memory", "1M"), amount("C", "", "limits.memory", "1Gi"), amount("D", "", "requests.cpu", "1"), amount("E", "", "requests.memory", "1Ki")),
		change: limits(amounts{"cpu": "1200m", "memory": "64Mi"}, amounts{"cpu": "10m", "memory": "1000"}), want: values{"A": "2", "B": "68", "C": "1", "D": "1", "E": "1"}},
	{rule: "a request defaults to the limit", env: env(amount("A", "", "requests.cpu", "1m"), amount("B", "", "requests.memory", "1Ki")),
		change: limits(amounts{"cpu": "250m", "memory": "64Mi"}, nil), want: values{"A": "250", "B": "65536"}},
	{rule: "without limits the node's", env: env(amount("A", "", "limits.cpu", ""), amount("B", "", "limits.memory", "1Mi"), amount("C", "", "limits.ephemeral-storage", ""),
		amount("D", "", "requests.cpu", ""), amount("E", "", "requests.memory", "")), want: values{"D": "0", "E": "0"}},
	{rule: "another container's", second: true, env: env(amount("A", "front", "limits.cpu", "1m"), amount("B", "app", "limits.cpu", "1m")),
		change: func(p *corev1.PodTemplateSpec, app *corev1.Container) {
			p.Spec.Containers[0].Resources = resources(amounts{"cpu": "111m"}, nil)
			app.Resources = resources(amounts{"cpu": "222m"}, nil)
		}, want: values{"A": "111", "B": "222"}},
	{rule: "a sidecar's", env: env(amount("A", "side", "limits.memory", ""), amount("B", "side", "requests.cpu", "1m"), amount("C", "side", "limits.cpu", "1m")),
		change: func(p *corev1.PodTemplateSpec, app *corev1.Container) {
			always := corev1.ContainerRestartPolicyAlways
			p.Spec.InitContainers = []corev1.Container{{Name: "side", Image: app.Image, RestartPolicy: &always, Resources: resources(amounts{"memory": "32Mi"}, nil)}}
		}, want: values{"A": "33554432", "B": "0"}},
	{rule: "huge pages", env: env(amount("A", "", "limits.hugepages-2Mi", ""), amount("B", "", "requests.hugepages-2Mi", "")), want: values{"A": "0", "B": "0"}},
	{rule: "LimitRange defaults", place: limited, env: env(amount("A", "", "limits.cpu", "1m"), amount("B", "", "limits.memory", "1Mi"), amount("C", "", "limits.ephemeral-storage", "1Mi"),
		amount("D", "", "requests.cpu", "1m"), amount("E", "", "requests.memory", "1Mi"), amount("F", "", "requests.ephemeral-storage", "1Mi")),
		want: values{"A": "300", "B": "200", "C": "1024", "D": "50", "E": "10", "F": "1024"}},
	{rule: "LimitRange beside own limits", place: limited, env: env(amount("A", "", "limits.cpu", "1m"), amount("B", "", "requests.cpu", "1m"), amount("C", "", "limits.memory", "1Mi")),
		change: limits(amounts{"cpu": "200m"}, nil), want: values{"A": "200", "B": "200", "C": "200"}},
	{rule: "pod-level resources", env: env(amount("A", "", "limits.cpu", "1m"), amount("B", "", "limits.memory", "1Mi"), amount("C", "", "requests.cpu", "1m")),
		change: template(func(p *corev1.PodTemplateSpec) {
			r := resources(amounts{"cpu": "400m", "memory": "100Mi"}, amounts{"cpu": "20m", "memory": "10Mi"})
			p.Spec.Resources = &r
		}), want: values{"A": "400", "B": "100", "C": "0"}},

	// Services.
	{rule: "service links", want: values{"DB_SERVICE_PORT": "5432", "MULTI_PORT_SERVICE_PORT": "80", "MULTI_PORT_SERVICE_PORT_DNS_UDP": "53", "MULTI_PORT_PORT_53_UDP_PROTO": "udp"},
		lacks: []string{"QUIET_SERVICE_HOST", "OUTSIDE_SERVICE_HOST"}},
	{rule: "no service links", change: links(false), want: values{"KUBERNETES_SERVICE_PORT": "443"}, lacks: []string{"DB_SERVICE_HOST"}},
	{rule: "links switched on", change: links(true), want: values{"DB_SERVICE_PORT": "5432"}},
	{rule: "env over links", env: env(lit("DB_SERVICE_HOST", "mine"), lit("A", "$(DB_SERVICE_HOST)")), want: values{"A": "mine"}},
	{rule: "envFrom over links", envFrom: envFrom(fromCM("links", "")), env: env(lit("A", "$(DB_SERVICE_HOST)")), want: values{"A": "mine", "DB_SERVICE_HOST": "mine"}},
	{rule: "links over the image", image: "links", want: values{"NOT_A_SERVICE_HOST": "image"}},
	{rule: "image shows without links", image: "links", change: links(false), want: values{"DB_SERVICE_HOST": "image", "DB_PORT": "image"}},
	{rule: "a Service named kubernetes", place: own, want: values{"KUBERNETES_SERVICE_PORT": "8443", "KUBERNETES_SERVICE_PORT_MINE": "8443"}, lacks: []string{"KUBERNETES_PORT_443_TCP"}},
	{rule: "a Service named kubernetes without links", place: own, change: links(false), want: values{"KUBERNETES_SERVICE_PORT": "443"}, lacks: []string{"KUBERNETES_SERVICE_PORT_MINE"}},

	// Images, and what the runtime adds.
	{rule: "ENV of the image", want: values{"IMAGE_ONLY": "from the image", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}},
	{rule: "spec over the image", env: env(lit("PATH", "/mine"), lit("LANG", "de")), want: values{"PATH": "/mine", "LANG": "de"}},
	{rule: "an image without ENV", image: "bare", want: values{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, online: true},
	{rule: "an image with odd ENV", image: "odd", want: values{"TWICE": "2", "EQUALS": "a=b=", "NOTHING": "", "DOLLARS": "$(K) $$ ${K} $K", "HOME": "/from-image", "HOSTNAME": "from-image"},
		lacks: []string{"NOEQUALS"}, online: true},
	{rule: "entries without equals", image: "takes-back", want: values{"TAKEN": "1", "GIVEN": "1", "AGAIN": "2", "PATH": "/again"}},
	{rule: "entries without equals against the runtime", image: "no-values", lacks: []string{"PATH", "HOSTNAME"}},
	{rule: "an entry without equals and the spec", image: "no-values", env: env(lit("PATH", "/spec")), want: values{"PATH": "/spec"}, lacks: []string{"HOSTNAME"}},
	{rule: "a PATH that is taken back", image: "path-taken-back", lacks: []string{"PATH"}},
	{rule: "a terminal that the image takes away", image: "no-terminal", change: func(_ *corev1.PodTemplateSpec, app *corev1.Container) { app.TTY = true }, lacks: []string{"TERM"}},
	{rule: "an empty HOME in the image", image: "empty-home"},
	{rule: "HOME of the spec", env: env(lit("HOME", "/spec")), want: values{"HOME": "/spec"}},
	{rule: "an empty PATH", image: "empty-path", want: values{"PATH": ""}},
	{rule: "spec over odd ENV", image: "odd", env: env(lit("TWICE", "3"), lit("HOSTNAME", "spec"), lit("HOME", "/spec")), want: values{"TWICE": "3", "HOSTNAME": "spec", "HOME": "/spec"}},
	{rule: "an empty HOME", env: env(lit("HOME", ""))},
	{rule: "an empty PATH in the spec", image: "bare", env: env(lit("PATH", "")), want: values{"PATH": ""}},
	{rule: "a terminal", change: func(_ *corev1.PodTemplateSpec, app *corev1.Container) { app.TTY = true }, want: values{"TERM": "xterm"}},
	{rule: "a terminal that the image names", image: "terminal", change: func(_ *corev1.PodTemplateSpec, app *corev1.Container) { app.TTY = true }, want: values{"TERM": "vt100"}},
	{rule: "a hostname", change: template(func(p *corev1.PodTemplateSpec) { p.Spec.Hostname = "given" }), want: values{"HOSTNAME": "given"}},
	{rule: "a hostname with a subdomain", change: template(func(p *corev1.PodTemplateSpec) { p.Spec.Hostname, p.Spec.Subdomain = "given", "quiet" }), want: values{"HOSTNAME": "given"}},
	{rule: "a full hostname", ofPod: []string{"HOSTNAME"}, change: template(func(p *corev1.PodTemplateSpec) {
		p.Spec.Hostname, p.Spec.Subdomain, p.Spec.SetHostnameAsFQDN = "given", "quiet", &yes
	})},
	{rule: "a full hostname without a subdomain", change: template(func(p *corev1.PodTemplateSpec) {
		p.Spec.Hostname, p.Spec.SetHostnameAsFQDN = "given", &yes
	}), want: values{"HOSTNAME": "given"}},
	{rule: "the node's network", change: template(func(p *corev1.PodTemplateSpec) { p.Spec.HostNetwork = true }), env: env(lit("A", "$(DB_SERVICE_PORT)")), want: values{"A": "5432"}},
	{rule: "another user", change: func(_ *corev1.PodTemplateSpec, app *corev1.Container) {
		id := int64(12345)
		app.SecurityContext = &corev1.SecurityContext{RunAsUser: &id, AllowPrivilegeEscalation: &no}
	}},

	// Which container.
	{rule: "a container that is not the first", second: true, env: env(lit("A", "app")), want: values{"A": "app"}},
	{rule: "beside a native sidecar", env: env(lit("A", "app")), change: func(p *corev1.PodTemplateSpec, app *corev1.Container) {
		always := corev1.ContainerRestartPolicyAlways
		p.Spec.InitContainers = []corev1.Container{{Name: "side", Image: app.Image, RestartPolicy: &always, Env: env(lit("A", "side"))}}
	}, want: values{"A": "app"}, online: true},
	{rule: "a StatefulSet", set: true, env: env(lit("A", "1"), field("N", "metadata.name")), ofPod: []string{"N"}, want: values{"A": "1"}},
	{rule: "processes in common", second: true, env: env(lit("A", "1")), change: template(func(p *corev1.PodTemplateSpec) { p.Spec.ShareProcessNamespace = &yes }), want: values{"A": "1"}},

	// All at once.
	{rule: "everything", image: "odd", env: env(lit("K", "spec"), lit("A", "$(K)-$(P_K)-$(DB_SERVICE_PORT)-$(PASS)"), key("B", "c2", "TWO"), secret("B", "nope", "x", optional), field("NS", "metadata.namespace"), lit("C", "$(A)$(B)")),
		envFrom: envFrom(fromSecret("s1", ""), fromCM("c1", ""), fromCM("c2", "P_")), want: values{"A": "spec-c2-5432-hunter2", "B": "two", "C": "spec-c2-5432-hunter2two", "UTF8": configMaps["c1"]["UTF8"]}},
}
