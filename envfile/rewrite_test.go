package envfile

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// forwards of a session: one Service with two ports, one on a port that was
// picked, one in another namespace, one outside the cluster.
var forwards = []Forwarded{
	{"postgres", "shop", 5432, "127.0.0.1:15432"},
	{"postgres", "shop", 9187, "127.0.0.1:9187"},
	{"web", "shop", 80, "localhost:38080"},
	{"kafka.data", "", 9092, "127.0.0.1:19092"},
	{"db.example.com", "", 3306, "127.0.0.1:13306"},
}

func rewritten(vars []Variable, to []Forwarded) map[string]string {
	env, _ := RewriteHosts(environmentOf(vars...), to, HostsOn)
	return values(env)
}

func TestRewriteValues(t *testing.T) {
	for in, want := range map[string]string{
		// The forms of a host.
		"postgres:5432":                                    "127.0.0.1:15432",
		"postgres.shop:5432":                               "127.0.0.1:15432",
		"postgres.shop.svc:5432":                           "127.0.0.1:15432",
		"postgres.shop.svc.cluster.local:5432":             "127.0.0.1:15432",
		"postgres.shop.svc.cluster.local.:5432":            "127.0.0.1:15432",
		"Postgres:5432":                                    "127.0.0.1:15432",
		"kafka.data:9092,kafka.data.svc:9092":              "127.0.0.1:19092,127.0.0.1:19092",
		"kafka.data.svc.cluster.local:9092":                "127.0.0.1:19092",
		"db.example.com:3306":                              "127.0.0.1:13306",
		"10.0.0.7:5432":                                    "127.0.0.1:15432", // its link variable is in the environment
		"tcp://10.0.0.7:5432":                              "tcp://127.0.0.1:15432",
		"postgres://10.0.0.7/shop":                         "postgres://127.0.0.1:15432/shop",
		"postgres.other:5432":                              "postgres.other:5432",
		"kafka:9092":                                       "kafka:9092",
		"db.example.com.svc:3306":                          "db.example.com.svc:3306",
		"my-postgres:5432 my_postgres:5432 postgres_:5432": "my-postgres:5432 my_postgres:5432 postgres_:5432",
		"x.postgres:5432 épostgres:5432":                   "x.postgres:5432 épostgres:5432",
		"postgres:5433":                                    "postgres:5433",
		"postgres:54321":                                   "postgres:54321",
		"postgres:5432x":                                   "postgres:5432x",
		"postgres":                                         "postgres",
		"postgres:":                                        "postgres:",
		// What stands around it.
		"a:1,postgres:5432;postgres:9187 c:2":                   "a:1,127.0.0.1:15432;127.0.0.1:9187 c:2",
		"postgresql://u:p@postgres:5432/shop?sslmode=disable#x": "postgresql://u:p@127.0.0.1:15432/shop?sslmode=disable#x",
		"jdbc:postgresql://postgres:5432/shop?user=x":           "jdbc:postgresql://127.0.0.1:15432/shop?user=x",
		"jdbc:oracle:thin:@postgres:5432:XE":                    "jdbc:oracle:thin:@127.0.0.1:15432:XE",
		"jdbc:sqlserver://postgres:5432;databaseName=x":         "jdbc:sqlserver://127.0.0.1:15432;databaseName=x",
		"root:pw@tcp(db.example.com:3306)/shop?parseTime=true":  "root:pw@tcp(127.0.0.1:13306)/shop?parseTime=true",
		`{"hosts":["postgres:5432","web:80"]}`:                  `{"hosts":["127.0.0.1:15432","localhost:38080"]}`,
		"--db=postgres:5432 --web 'http://web:80'":              "--db=127.0.0.1:15432 --web 'http://localhost:38080'",
		"http://proxy:1/?to=http://web:80/x":                    "http://proxy:1/?to=http://localhost:38080/x",
		"postgres:5432\nweb:80":                                 "127.0.0.1:15432\nlocalhost:38080",
		// A URL without a port.
		"http://web":                       "http://localhost:38080",
		"http://web/path:5":                "http://localhost:38080/path:5",
		"http://u@web?x":                   "http://u@localhost:38080?x",
		"postgres://u:p@postgres/shop":     "postgres://u:p@127.0.0.1:15432/shop",
		"kafka://kafka.data,web:80":        "kafka://127.0.0.1:19092,localhost:38080",
		"postgresql+psycopg2://postgres/x": "postgresql+psycopg2://127.0.0.1:15432/x",
		"mongodb+srv://web/":               "mongodb+srv://web/",
		"http://a:1/ web":                  "http://a:1/ web",
		"https://web/":                     "https://web/",
		"unknown://web/":                   "unknown://web/",
		"http://other/web":                 "http://other/web",
		"http://other/?to=web":             "http://other/?to=web",
		"web/":                             "web/",
		// Users, passwords, paths and tags.
		"http://postgres:5432@other/":                 "http://postgres:5432@other/",
		"postgres://postgres:5432!x@other:1/postgres": "postgres://postgres:5432!x@other:1/postgres",
		"postgres:5432@tcp(other:1)/x":                "postgres:5432@tcp(other:1)/x",
		"http://web:secret@web/":                      "http://web:secret@localhost:38080/",
		"http://web@other/":                           "http://web@other/",
		"docker.io/postgres:5432":                     "docker.io/postgres:5432",
		"a:postgres:5432":                             "a:postgres:5432",
		"%2Fpostgres:5432":                            "%2Fpostgres:5432",
		"":                                            "",
	} {
		link := Variable{Name: "POSTGRES_SERVICE_HOST", Value: "10.0.0.7", Origin: Origin{Tier: Service}}
		got := rewritten([]Variable{tiered(Spec, "V", in), link}, forwards)["V"]
		if got != want {
			t.Errorf("%q\n gives %q\n  want %q", in, got, want)
		}
	}
}

func TestRewritePairs(t *testing.T) {
	tests := []struct {
		name string
		vars []Variable
		want map[string]string // what changes
	}{
		{"host and port", []Variable{tiered(ConfigMap, "DB_HOST", "postgres"), tiered(Spec, "DB_PORT", "5432")},
			map[string]string{"DB_HOST": "127.0.0.1", "DB_PORT": "15432"}},
		{"without a separator, in lower case, with other words", []Variable{
			tiered(Spec, "PGHOST", "postgres.shop.svc"), tiered(Spec, "PGPORT", "5432"),
			tiered(Spec, "db.host", "postgres"), tiered(Spec, "db.port", "5432"),
			tiered(Spec, "WEB_ADDR", "web"), tiered(Spec, "WEB_HOSTNAME", "web"), tiered(Spec, "WEB_PORT", "80")},
			map[string]string{"PGHOST": "127.0.0.1", "PGPORT": "15432", "db.host": "127.0.0.1", "db.port": "15432",
				"WEB_ADDR": "localhost", "WEB_HOSTNAME": "localhost", "WEB_PORT": "38080"}},
		{"a host alone says nothing", []Variable{tiered(Spec, "DB_HOST", "postgres"), tiered(Spec, "OTHER_PORT", "5432")}, nil},
		{"another port", []Variable{tiered(Spec, "DB_HOST", "postgres"), tiered(Spec, "DB_PORT", "6432")}, nil},
		{"HOST and PORT are the process's own", []Variable{tiered(Spec, "HOST", "postgres"), tiered(Spec, "PORT", "5432")}, nil},
		{"two hosts, one port", []Variable{tiered(Spec, "DB_HOST", "postgres"), tiered(Spec, "DB_ADDR", "other"), tiered(Spec, "DB_PORT", "5432")}, nil},
		{"the developer's host", []Variable{tiered(Dev, "DB_HOST", "postgres"), tiered(Spec, "DB_PORT", "5432")}, nil},
		{"the developer's port", []Variable{tiered(Spec, "DB_HOST", "postgres"), tiered(Dev, "DB_PORT", "5432")}, nil},
		{"the developer's port is right already", []Variable{tiered(Spec, "M_HOST", "postgres"), tiered(Dev, "M_PORT", "9187")},
			map[string]string{"M_HOST": "127.0.0.1"}},
		{"the developer's value", []Variable{tiered(Dev, "URL", "postgres:5432")}, nil},
		{"without a value", []Variable{{Name: "DB_HOST", Unresolved: true, Origin: Origin{Tier: Spec}}, tiered(Spec, "DB_PORT", "5432")}, nil},
		{"service links", []Variable{
			tiered(Service, "POSTGRES_SERVICE_HOST", "10.0.0.7"), tiered(Service, "POSTGRES_SERVICE_PORT", "5432"),
			tiered(Service, "POSTGRES_SERVICE_PORT_PG", "5432"), tiered(Service, "POSTGRES_SERVICE_PORT_METRICS", "9187"),
			tiered(Service, "POSTGRES_SERVICE_PORT_ADMIN", "8080"),
			tiered(Service, "POSTGRES_PORT", "tcp://10.0.0.7:5432"), tiered(Service, "POSTGRES_PORT_5432_TCP", "tcp://10.0.0.7:5432"),
			tiered(Service, "POSTGRES_PORT_5432_TCP_PROTO", "tcp"), tiered(Service, "POSTGRES_PORT_5432_TCP_PORT", "5432"),
			tiered(Service, "POSTGRES_PORT_5432_TCP_ADDR", "10.0.0.7"), tiered(Service, "POSTGRES_PORT_8080_TCP_PORT", "8080"),
			tiered(Service, "POSTGRES_PORT_8080_TCP_ADDR", "10.0.0.7"), tiered(Service, "POSTGRES_PORT_8080_TCP", "tcp://10.0.0.7:8080")},
			map[string]string{
				"POSTGRES_SERVICE_HOST": "127.0.0.1", "POSTGRES_SERVICE_PORT": "15432", "POSTGRES_SERVICE_PORT_PG": "15432",
				"POSTGRES_PORT": "tcp://127.0.0.1:15432", "POSTGRES_PORT_5432_TCP": "tcp://127.0.0.1:15432",
				"POSTGRES_PORT_5432_TCP_PORT": "15432", "POSTGRES_PORT_5432_TCP_ADDR": "127.0.0.1"}},
		{"an address that the spec sets is somebody else's", []Variable{
			tiered(Spec, "POSTGRES_SERVICE_HOST", "203.0.113.5"), tiered(Spec, "POSTGRES_SERVICE_PORT", "5432"), tiered(Spec, "URL", "203.0.113.5:5432")}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := values(environmentOf(tt.vars...))
			var got map[string]string
			for name, value := range rewritten(tt.vars, forwards) {
				if value != before[name] {
					if got == nil {
						got = map[string]string{}
					}
					got[name] = value
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRewriteLocalEnds(t *testing.T) {
	for local, want := range map[string]string{
		"0.0.0.0:1": "127.0.0.1:1", "[::]:1": "[::1]:1", ":1": "127.0.0.1:1", "[::1]:1": "[::1]:1",
		"127.0.0.1:0": "db:5432", "127.0.0.1": "db:5432", "127.0.0.1:x": "db:5432", "db:1": "db:5432",
	} {
		got := rewritten([]Variable{tiered(Spec, "V", "db:5432")}, []Forwarded{{"db", "shop", 5432, local}})["V"]
		if got != want {
			t.Errorf("a forward that listens on %s makes %s", local, got)
		}
	}
	// The link's own address may be IPv6.
	vars := []Variable{tiered(Service, "DB_SERVICE_HOST", "fd00::7"), tiered(Spec, "V", "http://[fd00::7]:5432/")}
	if got := rewritten(vars, []Forwarded{{"db", "shop", 5432, "[::1]:1"}})["V"]; got != "http://[::1]:1/" {
		t.Errorf("got %s", got)
	}
}

func TestRewriteModes(t *testing.T) {
	env := environmentOf(tiered(Spec, "A", "1"), Variable{Name: "URL", Value: "postgres://u:hunter2@postgres:5432", Secret: true, Origin: Origin{Tier: Secret}})
	env.Warnings = []Warning{{Code: "x", Variable: "Z"}}

	off, list := RewriteHosts(env, forwards, HostsOff)
	if off != env || list != nil {
		t.Error("off does something")
	}
	for _, mode := range []HostMode{"", HostsSuggest} {
		suggested, list := RewriteHosts(env, forwards, mode)
		want := []Warning{{Code: WarnRewrite, Variable: "URL", Message: "URL points into the cluster, which this machine reaches through the forward " +
			"postgres:5432 → 127.0.0.1:15432: the setting rewriteHosts: on makes it point there, off is silent"}, {Code: "x", Variable: "Z"}}
		if diff := cmp.Diff(want, suggested.Warnings); diff != "" {
			t.Error(diff)
		}
		if suggested.Hash() != env.Hash() || len(list) != 1 || len(env.Warnings) != 1 {
			t.Errorf("%q changes more than the warnings", mode)
		}
	}
	on, _ := RewriteHosts(env, forwards, HostsOn)
	v := lookup(t, on, "URL")
	if v.Value != "postgres://u:hunter2@127.0.0.1:15432" || !v.Secret || len(v.Notes) != 1 || len(on.Warnings) != 1 {
		t.Errorf("got %#v, %v", v, on.Warnings)
	}
	if strings.Contains(v.Notes[0], "hunter2") {
		t.Error("a value shows in a note")
	}
	if lookup(t, env, "URL").Notes != nil {
		t.Error("the environment itself was changed")
	}
}

// Pieces that make values which come near to what is rewritten.
var pieces = []string{
	"postgres", "web", "kafka.data", "db.example.com", ".shop", ".svc", ".cluster.local", ":5432", ":80", ":9092", ":3306", ":9187", ":15432",
	"://", "http", "jdbc:", "//", "/", "@", ",", ";", "[", "]", "::1", "127.0.0.1", "localhost", "10.0.0.7", "?", "=", " ", "x", "-", ".", "é", "\n", ":", "80", "5432",
}

func drawVars(t *rapid.T, value *rapid.Generator[string]) []Variable {
	names := []string{"POSTGRES_SERVICE_HOST", "POSTGRES_SERVICE_PORT", "POSTGRES_SERVICE_PORT_X", "POSTGRES_PORT", "POSTGRES_PORT_5432_TCP_ADDR",
		"POSTGRES_PORT_5432_TCP_PORT", "WEB_HOST", "WEB_ADDR", "WEB_PORT", "A_HOST", "A_HOSTNAME", "A_PORT", "URL"}
	var vars []Variable
	for _, name := range names {
		if rapid.Bool().Draw(t, "has "+name) {
			tier := rapid.SampledFrom([]Tier{Dev, Spec, Service}).Draw(t, "tier")
			vars = append(vars, tiered(tier, name, value.Draw(t, name)))
		}
	}
	return vars
}

func TestRewriteTwiceIsOnce(t *testing.T) {
	value := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 7).Draw(t, "pieces"), "")
	})
	addresses := rapid.SampledFrom([]string{"127.0.0.1:15432", "127.0.0.1:5432", "localhost:80", "[::1]:9187", "0.0.0.0:80", "web:80", "10.0.0.7:5432"})
	rapid.Check(t, func(t *rapid.T) {
		to := append([]Forwarded(nil), forwards...)
		for i := range to {
			to[i].LocalAddress = addresses.Draw(t, "local")
		}
		vars := drawVars(t, value)
		once, _ := RewriteHosts(environmentOf(vars...), to, HostsOn)
		twice, again := RewriteHosts(once, to, HostsOn)
		if len(again) != 0 {
			t.Fatalf("rewritten twice: %s\n%v\n%v", again[0].Variable, values(once), values(twice))
		}
		for _, v := range vars {
			if got, _ := once.Lookup(v.Name); v.Origin.Tier == Dev && got.Value != v.Value {
				t.Fatalf("the developer's %s was rewritten", v.Name)
			}
		}
	})
}

func TestRewriteLeavesTheRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vars := drawVars(t, rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z]{2,8}(:[0-9]{2,5})?`)))
		before := environmentOf(vars...)
		for _, v := range vars {
			for _, f := range forwards {
				host, _, _ := strings.Cut(f.Service, ".")
				if strings.Contains(strings.ToLower(v.Value), host) || v.Origin.Tier == Service {
					return // it may point at a forward
				}
			}
		}
		if _, list := RewriteHosts(before, forwards, HostsOn); len(list) != 0 {
			t.Fatalf("%s = %q was rewritten", list[0].Variable, list[0].before)
		}
	})
}

// A value as large as the system allows takes no time to speak of.
func TestEndpointsIsLinear(t *testing.T) {
	for _, piece := range []string{"a$", "a,", "a:1$", "http://a", "://", "[", "a@", "a:"} {
		value := strings.Repeat(piece, (1<<20)/len(piece))
		began := time.Now()
		endpoints(value)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("1 MiB of %q: %s", piece, took)
		}
	}
}

func FuzzEndpoints(f *testing.F) {
	for _, seed := range []string{"postgres:5432", "jdbc:postgresql://u:p@db:1,web/x?y=[::1]:80", "a:1@b:2", "://", "[", "[]:1", "http://é", "a:99999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		end := 0
		for _, p := range endpoints(value) {
			if p.start < end || p.host < p.start || p.hostEnd <= p.host || p.hostEnd > p.end || p.end > len(value) {
				t.Fatalf("endpoints of %q: %+v after %d", value, p, end)
			}
			if p.port == "" || len(p.port) > 5 || strings.Trim(p.port, "0123456789") != "" {
				t.Fatalf("endpoints of %q: port %q", value, p.port)
			}
			if strings.ContainsAny(value[p.host:p.hostEnd], "@/ ,") {
				t.Fatalf("endpoints of %q: host %q", value, value[p.host:p.hostEnd])
			}
			end = p.end
		}
		once := rewritten([]Variable{tiered(Spec, "V", value)}, forwards)["V"]
		if twice := rewritten([]Variable{tiered(Spec, "V", once)}, forwards)["V"]; twice != once {
			t.Fatalf("%q becomes %q, then %q", value, once, twice)
		}
	})
}
