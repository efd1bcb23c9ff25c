package language

import (
	"cmp"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-dev/tandem/manifest"
)

// cursor marks a place in the texts of the tests.
const cursor = "‸"

// clusters are those of the tests: context dev with the namespaces shop, its own,
// and staging, which has a web alone; context prod, which does not answer.
func clusters(p manifest.Place) *Facts {
	if p.Context != "" && p.Context != "dev" {
		return nil
	}
	f := shop()
	if f.Namespace = cmp.Or(p.Namespace, f.Namespace); f.Namespace == "shop" {
		return f
	}
	all := f.Workloads.Items
	f.Workloads.Items, f.Services.Items, f.Secrets.Items, f.ConfigMaps.Items = nil, nil, nil, nil
	if f.Namespace == "staging" {
		web := all[1]
		web.Secrets = nil
		f.Workloads.Items = []Workload{web}
	}
	return f
}

// shop is what the cluster of context dev holds in its namespace.
func shop() *Facts {
	return &Facts{
		Context: "dev", Namespace: "shop",
		Workloads: List[Workload]{Complete: true, Items: []Workload{
			{Kind: "Deployment", Name: "api", Labels: map[string]string{"app": "api", "tier": "back"},
				Containers: []Container{
					{Name: "api", Ports: []Port{{"http", 8080}, {"metrics", 9090}}, Variables: []string{"LOG_LEVEL", "DB_URL"}},
					{Name: "canary", Ports: []Port{{"", 9191}}},
				}, Secrets: []string{"api-credentials"}, ConfigMaps: []string{"api-config"}},
			{Kind: "Deployment", Name: "web", Labels: map[string]string{"app": "web", "tier": "front"},
				Containers: []Container{{Name: "web", Ports: []Port{{"http", 80}}}}, Secrets: []string{"web-cookie"}},
			{Kind: "StatefulSet", Name: "db", Labels: map[string]string{"app": "db", "tier": "back"},
				Containers: []Container{{Name: "redis", Ports: []Port{{"redis", 6379}}}}, ConfigMaps: []string{"db-config"}},
		}},
		Services: List[Service]{Complete: true, Items: []Service{
			{Name: "api", Labels: map[string]string{"app": "api"}, Ports: []Port{{"http", 80}, {"metrics", 9090}}},
			{Name: "db", Labels: map[string]string{"app": "db"}, Ports: []Port{{"redis", 6379}}},
			{Name: "db-pods", Labels: map[string]string{"app": "db"}, Ports: []Port{{"redis", 6379}}, AnyPort: true},
			{Name: "web", Labels: map[string]string{"app": "web"}, Ports: []Port{{"http", 80}}},
		}},
		Secrets:    List[string]{Complete: true, Items: []string{"api-credentials"}},
		ConfigMaps: List[string]{Complete: true, Items: []string{"api-config"}},
		Namespaces: List[string]{Complete: true, Items: []string{"default", "shop", "staging"}},
		Contexts:   []string{"dev", "prod"},
	}
}

// laptop is the machine of all tests.
var laptop = map[string]string{
	"HOME": "/home/dev", "PORT": "8080", "REGION": "north", "API_TOKEN": "hunter2",
	"DB_URL": "postgres://u:hunter2@db/shop", "EMPTY": "", "BANNER": "a `quoted`\nline",
}

func options() manifest.Options {
	return manifest.Options{
		LookupEnv: func(name string) (string, bool) { v, ok := laptop[name]; return v, ok },
		Environ: func() (all []string) {
			for k, v := range laptop {
				all = append(all, k+"="+v)
			}
			return all
		},
	}
}

// open reads a text that may hold a cursor, in an empty folder.
func open(t testing.TB, marked string) (*Document, manifest.Position) {
	t.Helper()
	before, after, _ := strings.Cut(marked, cursor)
	text := NewText(before + after)
	d := Read(filepath.Join(t.TempDir(), "okteto.yml"), text, options())
	return d, text.Position(len(before), UTF16)
}
