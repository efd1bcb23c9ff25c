package cluster

import (
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
)

func TestGrants(t *testing.T) {
	rule := func(verbs, groups, resources, names []string) authorizationv1.ResourceRule {
		return authorizationv1.ResourceRule{Verbs: verbs, APIGroups: groups, Resources: resources, ResourceNames: names}
	}
	list := func(s ...string) []string { return s }
	for _, test := range []struct {
		name string
		rule authorizationv1.ResourceRule
		want permission
		ok   bool
	}{
		{"exact", rule(list("get"), list("apps"), list("deployments"), nil), permission{"get", "apps", "deployments", "api"}, true},
		{"all stars", rule(list("*"), list("*"), list("*"), nil), permission{"create", "", "pods/portforward", ""}, true},
		{"other verb", rule(list("get"), list("apps"), list("deployments"), nil), permission{"patch", "apps", "deployments", "api"}, false},
		{"other group", rule(list("get"), list(""), list("deployments"), nil), permission{"get", "apps", "deployments", "api"}, false},
		{"a resource does not grant its subresource", rule(list("patch"), list("apps"), list("deployments"), nil), permission{"patch", "apps", "deployments/scale", "api"}, false},
		{"a star does", rule(list("patch"), list("apps"), list("*"), nil), permission{"patch", "apps", "deployments/scale", "api"}, true},
		{"any resource's subresource", rule(list("patch"), list("apps"), list("*/scale"), nil), permission{"patch", "apps", "deployments/scale", "api"}, true},
		{"any resource's subresource is not the resource", rule(list("patch"), list("apps"), list("*/scale"), nil), permission{"patch", "apps", "deployments", "api"}, false},
		{"one name", rule(list("get"), list(""), list("secrets"), list("a")), permission{"get", "", "secrets", "a"}, true},
		{"another name", rule(list("get"), list(""), list("secrets"), list("a")), permission{"get", "", "secrets", "b"}, false},
		{"names grant no create", rule(list("create"), list(""), list("secrets"), list("a")), permission{"create", "", "secrets", ""}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := grants(test.rule, test.want); got != test.ok {
				t.Errorf("%+v grants %s: %v, want %v", test.rule, test.want, got, test.ok)
			}
		})
	}
}

func TestPermissionsReadLikeRBAC(t *testing.T) {
	for _, test := range []struct {
		p    permission
		want string
	}{
		{permission{"patch", "apps", "deployments/scale", "api"}, `patch deployments.apps/scale "api"`},
		{permission{"create", "", "pods/portforward", ""}, "create pods/portforward"},
	} {
		if got := test.p.String(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
