package language

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/manifest"
)

func TestHover(t *testing.T) {
	for _, test := range []struct{ name, text, want, over string }{
		{"a field", "dev:\n  api:\n    mo‸de: hybrid\n", "**mode** `sync | hybrid`\n\nWhere the code runs; sync by default, Tandem runs hybrid.\n\nValues: `sync`, `hybrid`.", "mode"},
		{"a field at its end", "dev:\n  api:\n    workdir‸: .\n", "**workdir** `path`\n\nThe local folder of the command, relative to the manifest; the manifest's folder by default.", "workdir"},
		{"an ignored field", "dev:\n  api:\n    repl‸icas: 2\n", "**replicas** `number`\n\nCopies of the pod.\n\nIgnored in hybrid mode: the dev workload has one replica.", "replicas"},
		{"a section", "bu‸ild: {}\n", "**build** `name: {image, context, dockerfile, …}`\n\nImages that Okteto builds; Tandem does not look into it.", "build"},
		{"a dev", "dev:\n  a‸pi:\n    mode: hybrid\n", "**api**, a dev in hybrid mode\n\nDeployment `api` in namespace `shop`\n- container `api`, ports 8080 (http), 9090 (metrics)\n- container `canary`, port 9191", "api"},
		{"a container", "dev:\n  api:\n    container: can‸ary\n", "container `canary` of Deployment `api`, port 9191", "canary"},
		{"a service in a forward", "dev:\n  api:\n    forward:\n      - 6379:d‸b:6379\n", "Service `db` in namespace `shop`, port 6379 (redis)\n- `app: db`", "6379:db:6379"},
		{"a service by name", "dev:\n  api:\n    forward:\n      - {localPort: 1, remotePort: 2, name: w‸eb}\n", "Service `web` in namespace `shop`, port 80 (http)\n- `app: web`", "web"},
		{"a variable", "dev:\n  api:\n    workdir: ${RE‸GION}/x\n", "**REGION** from the environment:\n\n`north`", "${REGION"},
		{"a variable without braces", "dev:\n  api:\n    environment: {A: \"x-$PO‸RT\"}\n", "**PORT** from the environment:\n\n`8080`", "$PORT"},
		{"an unset variable", "dev:\n  api:\n    workdir: ${NO‸PE}\n", "**NOPE** is not set, neither in the environment nor in `.env` beside the manifest.", "${NOPE"},
		{"an empty variable", "dev:\n  api:\n    workdir: ${EMP‸TY}\n", "**EMPTY** is empty, from the environment.", "${EMPTY"},
		{"a secret by its name", "dev:\n  api:\n    workdir: ${API_‸TOKEN}\n", "**API_TOKEN** is set, from the environment; its value is not shown: `•••`", "${API_TOKEN"},
		{"a password in a URL", "dev:\n  api:\n    workdir: ${DB_‸URL}\n", "**DB_URL** is set, from the environment; its value is not shown: `postgres://u:xxxxx@db/shop`", "${DB_URL"},
		{"a value with backticks and lines", "dev:\n  api:\n    workdir: ${BAN‸NER}\n", "**BANNER** from the environment:\n\n```\na `quoted`\nline\n```", "${BANNER"},
		{"a dollar sign", "dev:\n  api:\n    workdir: $$PO‸RT\n", "", ""},
		{"a command's variable", "dev:\n  api:\n    command: echo ${PO‸RT}\n", "", ""},
		{"somebody's own text", "dev:\n  api:\n    image: go‸lang\n", "", ""},
		{"a comment", "# mo‸de: x\n", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, at := open(t, test.text)
			h, ok := d.Hover(at, clusters)
			if ok != (test.want != "") {
				t.Fatalf("there is %v to say: %q", ok, h.Markdown)
			}
			if diff := cmp.Diff(test.want, h.Markdown); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if ok && d.Text.cut(h.Range) != test.over {
				t.Errorf("over %q, want %q", d.Text.cut(h.Range), test.over)
			}
		})
	}
}

func TestMask(t *testing.T) {
	for _, test := range []struct {
		name, value string
		shown       bool
	}{
		{"LOG_LEVEL", "debug", true}, {"URL", "http://db:80/x", true}, {"KEYBOARD", "us", true}, {"PORT", "8080", true}, {"AUTHOR", "ann", true}, {"BASIC_AUTH", "x", false},
		{"DB_PASSWORD", "x", false}, {"api_key", "x", false}, {"GITHUB_TOKEN", "x", false}, {"TLS_PRIVATE", "x", false}, {"SSH_KEY", "x", false},
		{"URL", "http://u:p@db/", false}, {"URL", "https://x/?access_token=y", false}, {"URL", "http://[broken", false}, {"PASSWORD", "", true},
	} {
		if got := Mask(test.name, test.value); (got == test.value) != test.shown || !test.shown && strings.Contains(got, "u:p@") {
			t.Errorf("%s=%s is shown as %s", test.name, test.value, got)
		}
	}
}

// apply is the text with the edits of the action of a title.
func apply(t *testing.T, d *Document, at manifest.Position, title string) string {
	t.Helper()
	var titles []string
	for _, a := range d.Actions(manifest.Range{Start: at, End: at}, clusters) {
		titles = append(titles, a.Title)
		if a.Title != title {
			continue
		}
		text := d.Text
		for _, e := range a.Edits {
			var err error
			if text, err = text.Apply(e.Range, UTF16, e.Text); err != nil {
				t.Fatal(err)
			}
		}
		return text.String()
	}
	t.Errorf("no action %q, but %q", title, titles)
	return ""
}

func TestActions(t *testing.T) {
	for _, test := range []struct{ name, text, title, want string }{
		{"a field", "dev:\n  api:\n    com‸and: x\n", "Change to command", "dev:\n  api:\n    command: x\n"},
		{"a field in quotes", "dev:\n  api:\n    'com‸and': x\n", "Change to command", "dev:\n  api:\n    'command': x\n"},
		{"a word", "dev:\n  api:\n    mode: hy‸bird\n", "Change to hybrid", "dev:\n  api:\n    mode: hybrid\n"},
		{"a service", "dev:\n  api:\n    mode: hybrid\n    forward:\n      - 1:w‸be:80\n", "Change to web", "dev:\n  api:\n    mode: hybrid\n    forward:\n      - 1:web:80\n"},
		{"both ports", "dev:\n  api:\n    forward:\n      - 80‸80\n", "Write 8080:8080", "dev:\n  api:\n    forward:\n      - 8080:8080\n"},
		{"both ports in quotes", "dev:\n  api:\n    reverse: [\"80‸80\"]\n", "Write 8080:8080", "dev:\n  api:\n    reverse: [\"8080:8080\"]\n"},
		{"a dev's name", "dev:\n  A‸pi:\n    mode: hybrid\n", "Rename it to api", "dev:\n  api:\n    mode: hybrid\n"},
		{"a forward to an object", "dev:\n  api:\n    forward:\n      - 1:d‸b:2\n", "Convert to {localPort: 1, remotePort: 2, name: db}", "dev:\n  api:\n    forward:\n      - {localPort: 1, remotePort: 2, name: db}\n"},
		{"a forward from an object", "dev:\n  api:\n    forward:\n      - {localPort: 1, ‸remotePort: 2, name: db}\n", "Convert to 1:db:2", "dev:\n  api:\n    forward:\n      - 1:db:2\n"},
		{"the first reverse", "dev:\n  web:\n    mode: hy‸brid\n    workdir: . # here\nname: x\n", "Add the reverse 80:80, http", "dev:\n  web:\n    mode: hybrid\n    workdir: . # here\n    reverse:\n      - 80:80\nname: x\n"},
		{"one more reverse", "dev:\n  api:\n    mode: hybrid\n    rev‸erse:\n    - 8080:3000\n", "Add the reverse 9090:9090, metrics", "dev:\n  api:\n    mode: hybrid\n    reverse:\n    - 8080:3000\n    - 9090:9090\n"},
		{"all reverses", "dev:\r\n  a‸pi:\r\n    mode: hybrid\r\n", "Add reverses for all 2 ports of container api", "dev:\r\n  api:\r\n    mode: hybrid\r\n    reverse:\r\n      - 8080:8080\r\n      - 9090:9090\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, at := open(t, test.text)
			if diff := cmp.Diff(test.want, apply(t, d, at, test.title)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	// What is made of variables stays: a conversion would write their values down.
	d, at := open(t, "dev:\n  api:\n    forward: [\"${PO‸RT}:db:2\"]\n")
	if all := d.Actions(manifest.Range{Start: at, End: at}, nil); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}

// An outline shows variables as they are written.
func TestSymbolsShowNoValues(t *testing.T) {
	d, _ := open(t, "dev:\n  api:\n    mode: hybrid\n    environment: {A: \"${API_TOKEN}\"}\n    forward: [\"1:${REGION}:2\"]\n")
	dev := d.Symbols()[0].Children[0]
	if len(dev.Children) != 2 || dev.Children[0].Name != "A" || dev.Children[1].Name != "1:${REGION}:2" {
		t.Errorf("%+v", dev)
	}
}
