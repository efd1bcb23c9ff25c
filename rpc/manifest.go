package rpc

import (
	"context"
	"slices"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// manifestList lists the manifests of a folder, or of every folder that the
// client has open. One that is invalid is listed with its diagnostics; a file
// that cannot be read has one that says so.
func (s *Server) manifestList(ctx context.Context, _ *request, p protocol.ManifestListParams) (*protocol.ManifestListResult, error) {
	roots := s.roots()
	if p.Root != "" {
		root, err := pathOf(p.Root)
		if err != nil {
			return nil, err
		}
		roots = []string{root}
	}
	if len(roots) == 0 {
		return nil, fault.New(fault.InvalidParams, "no root is named and no workspace folder is open").
			Hint("open a folder, or name one as root")
	}
	var paths []string
	for _, root := range roots {
		found, err := manifest.DiscoverAll(root)
		if err != nil {
			return nil, err
		}
		paths = append(paths, found...)
	}
	slices.Sort(paths)
	result := &protocol.ManifestListResult{Manifests: []protocol.Manifest{}}
	for _, path := range slices.Compact(paths) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		m, err := manifest.Load(path, manifest.Options{})
		result.Manifests = append(result.Manifests, manifestInfo(path, m, err))
	}
	return result, nil
}
