package rpc

import (
	"context"
	"fmt"

	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// clusterDoctor looks at what could keep a session from starting. A workspace
// without a manifest is a finding, not an error.
func (s *Server) clusterDoctor(ctx context.Context, r *request, p protocol.ClusterDoctorParams) (*protocol.ClusterDoctorResult, error) {
	ask := session.DoctorRequest{Dev: p.Dev}
	var err error
	if ask.Manifest, ask.Dir, err = s.manifestOf(p.Manifest); err != nil {
		return nil, err
	}
	progress := s.startProgress(ctx, r, p.WorkDoneToken, "Examining the cluster")
	ask.Progress = progress.report
	d, err := s.sessions.Doctor(ctx, ask)
	if err != nil {
		progress.end(err.Error())
		return nil, err
	}
	progress.end(fmt.Sprintf("problems: %d, warnings: %d", d.Problems(), d.Warnings()))
	return diagnosisOf(d), nil
}

func diagnosisOf(d *session.Diagnosis) *protocol.ClusterDoctorResult {
	out := &protocol.ClusterDoctorResult{
		Dev: d.Dev, Context: d.Context, Namespace: d.Namespace, Server: d.Server,
		Checks: converted(d.Checks, func(c session.Check) protocol.DoctorCheck {
			return protocol.DoctorCheck{Name: c.Name, Status: protocol.DoctorStatus(c.Status), Detail: c.Detail, Hint: c.Hint}
		}),
		Rights: converted(d.Rights, rightOf),
	}
	if d.Manifest != "" {
		out.Manifest = uriOf(d.Manifest)
	}
	return out
}

func rightOf(r session.Right) protocol.DoctorRight {
	return protocol.DoctorRight{Verb: r.Verb, Resource: r.Resource, Name: r.Name, Needed: r.Needed, Allowed: r.Allowed, Purpose: r.Purpose}
}

// Diagnosis is a diagnosis as the protocol says it, for who prints one.
func Diagnosis(d *session.Diagnosis) *protocol.ClusterDoctorResult { return diagnosisOf(d) }
