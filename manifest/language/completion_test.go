package language

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func labels(items []Item) string {
	var out []string
	for _, i := range items {
		out = append(out, i.Label)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// devFields are proposed in an empty dev.
const devFields = "affinity args autocreate command container context envFiles environment externalVolumes forward image " +
	"imagePullPolicy initContainer interface lifecycle metadata mode namespace nodeSelector persistentVolume priorityClassName " +
	"probes remote replicas resources reverse secrets securityContext selector serviceAccount services sshServerPort sync timeout " +
	"tolerations volumes workdir"

func without(all string, names ...string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(all), func(n string) bool { return slices.Contains(names, n) }), " ")
}

const sections = "build context dependencies deploy destroy dev external forward icon image name namespace test"

func TestComplete(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"an empty file", "‸", sections},
		{"a section half written", "na‸", sections},
		{"beside other sections", "name: x\n‸\ndev:\n", without(sections, "name", "dev")},
		{"names of devs", "dev:\n  ‸\n", "api db web"},
		{"names of devs beside others", "dev:\n  api:\n    mode: hybrid\n  ‸", "db web"},
		{"fields of a dev", "dev:\n  api:\n    ‸\n", devFields},
		{"fields beside others", "dev:\n  api:\n    mode: hybrid\n    com‸\n    workdir: .\n", without(devFields, "mode", "workdir")},
		{"a field in the middle of another's block", "dev:\n  api:\n    mode: hybrid\n    forward:\n      - 1:db:1\n    ‸\n", without(devFields, "mode", "forward")},
		{"a field's name once more", "dev:\n  api:\n    mo‸de: hybrid\n", devFields},
		{"flow", "dev:\n  api: {mode: hybrid, ‸}\n", without(devFields, "mode")},
		{"flow over lines", "dev:\n  api: {\n    mode: hybrid,\n    ‸\n", without(devFields, "mode")},
		{"modes", "dev:\n  api:\n    mode: ‸\n", "hybrid sync"},
		{"modes in flow", "dev: {api: {mode: h‸}}", "hybrid sync"},
		{"a mode in quotes", "dev:\n  api:\n    mode: 'hy‸'\n", "hybrid sync"},
		{"pull policies", "dev:\n  api:\n    imagePullPolicy: A‸\n", "Always IfNotPresent Never"},
		{"containers", "dev:\n  api:\n    container: ‸\n", "api canary"},
		{"containers by a selector", "dev:\n  x:\n    selector:\n      app: db\n    container: ‸\n", "redis"},
		{"labels of workloads", "dev:\n  x:\n    selector:\n      ‸\n", "app tier"},
		{"values of a label", "dev:\n  x:\n    selector:\n      app: ‸\n", "api db web"},
		{"values of a label in flow", "dev:\n  x:\n    selector: {tier: b‸}\n", "back front"},
		{"forwards", "dev:\n  api:\n    forward:\n      - ‸\n",
			"6379:db-pods:6379 6379:db:6379 80:api:80 80:web:80 9090:api:9090 labels localPort name remotePort"},
		{"forwards with a local port", "dev:\n  api:\n    forward:\n      - 7000:‸\n",
			"7000:api:80 7000:api:9090 7000:db-pods:6379 7000:db:6379 7000:web:80"},
		{"forwards without indentation", "dev:\n  api:\n    forward:\n    - ‸\n",
			"6379:db-pods:6379 6379:db:6379 80:api:80 80:web:80 9090:api:9090 labels localPort name remotePort"},
		{"forwards in flow", "dev:\n  api:\n    forward: [‸]\n", "6379:db-pods:6379 6379:db:6379 80:api:80 80:web:80 9090:api:9090"},
		{"forwards of the manifest", "forward:\n  - 1:‸", "1:api:80 1:api:9090 1:db-pods:6379 1:db:6379 1:web:80"},
		{"fields of a forward", "dev:\n  api:\n    forward:\n      - localPort: 1\n        ‸\n", "labels name remotePort"},
		{"fields of a forward in flow", "dev:\n  api:\n    forward:\n      - {localPort: 1, ‸}\n", "labels name remotePort"},
		{"services", "dev:\n  api:\n    forward:\n      - localPort: 1\n        name: ‸\n", "api db db-pods web"},
		{"labels of services", "dev:\n  api:\n    forward:\n      - {localPort: 1, labels: {‸}}\n", "app"},
		{"remote ports", "dev:\n  api:\n    forward:\n      - {localPort: 1, remotePort: ‸}\n", "6379 80 9090"},
		{"reverses", "dev:\n  api:\n    reverse:\n      - 8080:3000\n      - ‸\n", "9090:9090"},
		{"names of variables", "dev:\n  api:\n    environment:\n      ‸\n", "DB_URL LOG_LEVEL"},
		{"names of variables in a list", "dev:\n  api:\n    environment:\n      - ‸\n", "DB_URL LOG_LEVEL"},
		{"variables", "dev:\n  api:\n    workdir: ${‸\n", "API_TOKEN BANNER DB_URL EMPTY HOME PORT REGION"},
		{"variables without braces", "dev:\n  api:\n    workdir: $HO‸ME/x\n", "API_TOKEN BANNER DB_URL EMPTY HOME PORT REGION"},
		{"variables in the middle", "dev:\n  api:\n    environment:\n      URL: http://${HO‸}/\n", "API_TOKEN BANNER DB_URL EMPTY HOME PORT REGION"},
		{"variables in flow", "dev:\n  api: {workdir: \"${‸\"}\n", "API_TOKEN BANNER DB_URL EMPTY HOME PORT REGION"},
		{"a dollar sign", "dev:\n  api:\n    workdir: $$‸\n", ""},
		{"a command is the shell's", "dev:\n  api:\n    command: echo ${‸\n", ""},
		{"namespaces", "dev:\n  api:\n    namespace: ‸\n", "default shop staging"},
		{"namespaces while one is written", "dev:\n  api:\n    namespace: sta‸\n", "default shop staging"},
		{"containers of another namespace", "namespace: staging\ndev:\n  web:\n    container: ‸\n", "web"},
		{"nothing of a cluster that does not answer", "dev:\n  web:\n    context: prod\n    container: ‸\n", ""},
		{"contexts of a dev", "dev:\n  web:\n    context: pr‸\n", "dev prod"},
		{"contexts", "context: ‸\n", "dev prod"},
		{"timeouts", "dev:\n  api:\n    timeout:\n      default: 5m\n      ‸\n", "resources"},
		{"a hook", "dev:\n  api:\n    lifecycle:\n      postStart:\n        ‸\n", "command enabled"},
		{"a toleration", "dev:\n  api:\n    tolerations:\n      - key: a\n        effect: ‸\n", "NoExecute NoSchedule PreferNoSchedule"},
		{"true or false", "dev:\n  api:\n    probes:\n      liveness: ‸\n", "false true"},
		{"another tool's section", "build:\n  api:\n    ‸\n", "args context depends_on dockerfile image secrets target"},
		{"an element of another tool's section", "deploy:\n  commands:\n    - ‸\n", "command name"},
		{"the text of somebody", "dev:\n  api:\n    image: ‸\n", ""},
		{"a comment", "dev:\n  api:\n    # ‸\n", ""},
		{"behind a comment sign", "dev:\n  api:\n    mode: hybrid # ‸\n", ""},
		{"a block of text", "dev:\n  api:\n    command: |\n      ‸\n", ""},
		{"behind a closed bracket", "dev:\n  api: {mode: hybrid} ‸\n", ""},
		{"the wrong depth", "dev:\n  api:\n    mode: hybrid\n      ‸\n", ""},
		{"Windows' line breaks", "dev:\r\n  api:\r\n    mode: ‸\r\n", "hybrid sync"},
		{"a second document", "x: 1\n---\ndev:\n  api:\n    mode: ‸", "hybrid sync"},
		{"beneath what is no YAML", "dev:\n  web: [\n  api:\n    mode: h‸\n", "hybrid sync"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, at := open(t, test.text)
			items := d.Complete(at, clusters)
			if diff := cmp.Diff(test.want, labels(items)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, i := range items {
				if !i.Range.Contains(at) || i.Range.Start.Line != i.Range.End.Line {
					t.Errorf("%s replaces %v, which the cursor %v is not in", i.Label, i.Range, at)
				}
			}
		})
	}
}

// What is inserted, and what it replaces.
func TestCompletionsEdit(t *testing.T) {
	for _, test := range []struct{ text, label, want string }{
		{"dev:\n  api:\n    mo‸\n", "mode", "dev:\n  api:\n    mode: \n"},
		{"dev:\n  api:\n    mo‸: hybrid\n", "mode", "dev:\n  api:\n    mode: hybrid\n"},
		{"dev:\n  api:\n    mode: hy‸bird # x\n", "hybrid", "dev:\n  api:\n    mode: hybrid # x\n"},
		{"dev:\n  api:\n    forw‸\n", "forward", "dev:\n  api:\n    forward:\n"},
		{"dev:\n  api: {forw‸}\n", "forward", "dev:\n  api: {forward: }\n"},
		{"dev:\n  api:\n    forward:\n      - 7000:d‸\n", "7000:db:6379", "dev:\n  api:\n    forward:\n      - 7000:db:6379\n"},
		{"dev:\n  api:\n    forward: [1:db:1, ‸, 2:db:2]\n", "80:web:80", "dev:\n  api:\n    forward: [1:db:1, 80:web:80, 2:db:2]\n"},
		{"dev:\n  api:\n    workdir: ${HO‸\n", "HOME", "dev:\n  api:\n    workdir: ${HOME}\n"},
		{"dev:\n  api:\n    workdir: ${HO‸:-/x}\n", "HOME", "dev:\n  api:\n    workdir: ${HOME:-/x}\n"},
		{"dev:\n  api:\n    workdir: $‸\n", "HOME", "dev:\n  api:\n    workdir: $HOME\n"},
		{"dev:\n  ‸\n", "web", "dev:\n  web: \n"},
		{"dev:\n  api:\n    environment:\n      - LOG‸\n", "LOG_LEVEL", "dev:\n  api:\n    environment:\n      - LOG_LEVEL=\n"},
	} {
		d, at := open(t, test.text)
		items := d.Complete(at, clusters)
		i := slices.IndexFunc(items, func(i Item) bool { return i.Label == test.label })
		if i < 0 {
			t.Errorf("%q: no %s among %s", test.text, test.label, labels(items))
			continue
		}
		next, err := d.Text.Apply(items[i].Range, UTF16, items[i].Insert)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, next.String()); diff != "" {
			t.Errorf("%q with %s (-want +got):\n%s", test.text, test.label, diff)
		}
	}
}

// Without facts nothing of the cluster is proposed, and the rest is.
func TestCompleteWithoutTheCluster(t *testing.T) {
	for text, want := range map[string]string{
		"dev:\n  ‸": "", "dev:\n  api:\n    container: ‸": "", "dev:\n  api:\n    mode: ‸": "hybrid sync",
		"dev:\n  api:\n    forward:\n      - ‸":             "labels localPort name remotePort",
		"dev:\n  api:\n    forward:\n      - remotePort: ‸": "", "dev:\n  api:\n    reverse:\n      - ‸": "",
		"dev:\n  api:\n    selector:\n      app: ‸": "", "dev:\n  api:\n    environment:\n      ‸": "",
	} {
		d, at := open(t, text)
		if got := labels(d.Complete(at, nil)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
