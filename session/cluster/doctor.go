package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"
	authenticationclient "k8s.io/client-go/kubernetes/typed/authentication/v1"

	"github.com/tandem-dev/tandem/internal/fault"
)

// What a doctor asks: each method here and in the doctor_*.go beside it looks at
// one thing that could keep a session from starting, changes nothing, and
// returns what it found instead of an error.

// CheckStatus is how a check came out.
type CheckStatus string

// The outcomes. CheckSkip is for what could not be looked at, because it may not
// be read or because what it depends on is missing; it is no verdict.
const (
	CheckOK   CheckStatus = "ok"
	CheckWarn CheckStatus = "warn"
	CheckFail CheckStatus = "fail"
	CheckSkip CheckStatus = "skip"
)

// Check is one thing that was looked at.
type Check struct {
	// Name is stable, for example "api-server".
	Name   string
	Status CheckStatus
	// Detail says what was found; it may have several lines. Hint says what to
	// do about it, and is empty where there is nothing to do.
	Detail, Hint string
}

func passed(name, format string, args ...any) Check {
	return Check{Name: name, Status: CheckOK, Detail: fmt.Sprintf(format, args...)}
}

func checked(name string, status CheckStatus, hint, format string, args ...any) Check {
	return Check{Name: name, Status: status, Detail: fmt.Sprintf(format, args...), Hint: hint}
}

// CheckOf is a check that ended with an error: skipped where only the right to
// look is missing, failed otherwise.
func CheckOf(name string, err error) Check {
	c := Check{Name: name, Status: CheckFail, Detail: err.Error(), Hint: fault.HintOf(err)}
	if fault.KindOf(err) == fault.PermissionDenied {
		c.Status = CheckSkip
		c.Hint = "a session does not need this right; it is only that this cannot be foreseen"
	}
	return c
}

// Names of the checks of this room.
const (
	CheckNameServer      = "api-server"
	CheckNameClock       = "clock"
	CheckNameCredentials = "credentials"
	CheckNameRights      = "permissions"
	CheckNameWishes      = "permissions-optional"
	CheckNameGuard       = "guard"
	CheckNamePodSecurity = "pod-security"
	CheckNameQuota       = "quota"
	CheckNameLimits      = "limit-range"
	CheckNameAutoscaler  = "autoscaler"
)

// oldest is the first Kubernetes whose kubelet counts the sysctl for low ports
// as safe (pkg/kubelet/sysctl/safe_sysctls.go in 1.22).
const oldestMinor = 22

// Clock skew that is worth a word, and that breaks things: certificates and
// tokens made just now are not yet valid for a clock that is minutes behind.
const (
	skewWorthAWord = 10 * time.Second
	skewBreaks     = 5 * time.Minute
)

// CheckServer asks the API server for its version, and reads its clock off the
// answer. The error is that of a server that could not be reached: nothing else
// needs to be asked then.
func (c *Cluster) CheckServer(ctx context.Context) (server, clock Check, err error) {
	url := c.core.RESTClient().Get().AbsPath("/version").URL().String()
	failed := func(err error) (Check, Check, error) {
		err = call{verb: "get", resource: "/version of " + c.Host(), namespace: c.namespace}.failed(err)
		return CheckOf(CheckNameServer, err), Check{Name: CheckNameClock, Status: CheckSkip, Detail: "the API server could not be reached"}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return failed(err)
	}
	asked := time.Now()
	answer, err := c.client.Do(request)
	if err != nil {
		return failed(err)
	}
	took := time.Since(asked)
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return failed(err)
	}
	clock = clockCheck(answer.Header.Get("Date"), asked.Add(took/2))
	switch {
	case answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden:
		// It lives; what it thinks of the credentials is the next check's.
		return passed(CheckNameServer, "%s answers in %s; it tells its version to nobody", c.Host(), took.Round(time.Millisecond)), clock, nil
	case answer.StatusCode != http.StatusOK:
		return failed(fault.New(fault.ClusterUnreachable, "%s answers with %s", c.Host(), answer.Status).
			Hint("is the server's address in the kubeconfig that of a Kubernetes API?"))
	}
	return versionCheck(body, c.Host(), took), clock, nil
}

func versionCheck(body []byte, host string, took time.Duration) Check {
	var v version.Info
	if err := json.Unmarshal(body, &v); err != nil || v.GitVersion == "" {
		return checked(CheckNameServer, CheckFail, "is the server's address in the kubeconfig that of a Kubernetes API?",
			"%s answers, but not as a Kubernetes API does", host)
	}
	major, _ := strconv.Atoi(v.Major)
	// Providers write "28+".
	minor, _ := strconv.Atoi(strings.TrimRight(v.Minor, "+"))
	if major == 1 && minor < oldestMinor {
		return checked(CheckNameServer, CheckWarn, fmt.Sprintf("on nodes older than 1.%d a reverse of a port below 1024 is refused", oldestMinor),
			"Kubernetes %s at %s is older than 1.%d", v.GitVersion, host, oldestMinor)
	}
	return passed(CheckNameServer, "Kubernetes %s at %s, answers in %s", v.GitVersion, host, took.Round(time.Millisecond))
}

// clockCheck compares the Date of an answer, which has whole seconds, with the
// local time at about the same moment.
func clockCheck(date string, here time.Time) Check {
	there, err := http.ParseTime(date)
	if err != nil {
		return Check{Name: CheckNameClock, Status: CheckSkip, Detail: "the API server's answer has no date"}
	}
	// The header was cut to whole seconds: half of one is the fairest guess.
	skew := here.Sub(there.Add(500 * time.Millisecond)).Round(time.Second)
	ahead := "ahead of"
	if skew < 0 {
		skew, ahead = -skew, "behind"
	}
	switch {
	case skew > skewBreaks:
		return checked(CheckNameClock, CheckFail, "set this machine's clock (NTP): certificates and tokens count as expired, or as not valid yet",
			"this machine's clock is %s %s the API server's", skew, ahead)
	case skew > skewWorthAWord:
		return checked(CheckNameClock, CheckWarn, "set this machine's clock (NTP): ages and times of logs are off by as much",
			"this machine's clock is %s %s the API server's", skew, ahead)
	}
	return passed(CheckNameClock, "within %s of the API server's", max(skew, time.Second))
}

// CheckCredentials asks the API server who we are.
func (c *Cluster) CheckCredentials(ctx context.Context) Check {
	client, err := authenticationclient.NewForConfigAndClient(c.now().config, c.client)
	if err != nil {
		return CheckOf(CheckNameCredentials, fault.Wrap(err, fault.Internal, "making a client"))
	}
	review, err := client.SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	var status apierrors.APIStatus
	switch {
	case apierrors.IsNotFound(err):
		// Before Kubernetes 1.28; the permissions tell whether they are accepted.
		return Check{Name: CheckNameCredentials, Status: CheckSkip, Detail: "this API server does not tell who it takes you for"}
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "system:anonymous"):
		return checked(CheckNameCredentials, CheckFail, "log in to the cluster again, or choose another user of the kubeconfig",
			"the kubeconfig has no credentials that the API server knows: it takes you for nobody")
	case errors.As(err, &status), err != nil:
		err = call{verb: "create", resource: "selfsubjectreviews.authentication.k8s.io", namespace: c.namespace}.failed(err)
		return Check{Name: CheckNameCredentials, Status: CheckFail, Detail: err.Error(), Hint: fault.HintOf(err)}
	}
	user := review.Status.UserInfo
	if user.Username == "system:anonymous" {
		return checked(CheckNameCredentials, CheckFail, "log in to the cluster again, or choose another user of the kubeconfig",
			"the API server does not know who you are (%s)", user.Username)
	}
	return passed(CheckNameCredentials, "the API server knows you as %s", user.Username)
}
