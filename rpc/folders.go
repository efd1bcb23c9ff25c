package rpc

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// workspaceRoots lists the folders that the client has open, as paths: its
// workspace folders, or rootUri, or rootPath.
func workspaceRoots(p protocol.InitializeParams) ([]string, error) {
	var roots []string
	switch {
	case len(p.WorkspaceFolders) > 0:
		for _, f := range p.WorkspaceFolders {
			// A folder that is not on this machine's disk holds no manifest for us.
			if path, err := pathOf(f.URI); err == nil {
				roots = append(roots, path)
			}
		}
	case p.RootURI != nil && *p.RootURI != "":
		path, err := pathOf(*p.RootURI)
		if err != nil {
			return nil, err
		}
		roots = append(roots, path)
	case p.RootPath != nil && *p.RootPath != "":
		path, err := pathOf(*p.RootPath)
		if err != nil {
			return nil, err
		}
		roots = append(roots, path)
	}
	return roots, nil
}

// roots lists the folders of the workspace.
func (s *Server) roots() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	roots, err := workspaceRoots(s.client)
	if err != nil {
		return nil // initialize refused it then
	}
	return roots
}

// didChangeWorkspaceFolders takes folders that were opened or closed. What a crash
// left in new ones is continued, as at the start; sessions of closed ones go on.
func (s *Server) didChangeWorkspaceFolders(p protocol.DidChangeWorkspaceFoldersParams) error {
	s.mu.Lock()
	c := &s.client
	if len(c.WorkspaceFolders) == 0 { // the one folder of an older way to say it
		roots, _ := workspaceRoots(*c)
		for _, root := range roots {
			c.WorkspaceFolders = append(c.WorkspaceFolders, protocol.WorkspaceFolder{URI: uriOf(root)})
		}
		c.RootURI, c.RootPath = nil, nil
	}
	same := func(a, b protocol.WorkspaceFolder) bool { return a.URI == b.URI || samePath(a.URI, b.URI) }
	has := func(all []protocol.WorkspaceFolder, f protocol.WorkspaceFolder) bool {
		return slices.ContainsFunc(all, func(o protocol.WorkspaceFolder) bool { return same(f, o) })
	}
	folders := slices.DeleteFunc(slices.Clone(c.WorkspaceFolders), func(f protocol.WorkspaceFolder) bool { return has(p.Event.Removed, f) })
	var added []string
	for _, f := range p.Event.Added {
		if has(folders, f) {
			continue
		}
		folders = append(folders, f)
		if path, err := pathOf(f.URI); err == nil {
			added = append(added, path)
		}
	}
	c.WorkspaceFolders = folders
	s.mu.Unlock()
	if len(added) == 0 {
		return nil
	}
	s.background.Go(func() { // ends with the client's answer, or the server
		_ = protect(s.log(), "looking for sessions that were left behind", func() error { s.continueLeft(s.base, added); return nil })
	})
	return nil
}

// samePath says whether two URIs are of the same path.
func samePath(a, b string) bool {
	x, err := pathOf(a)
	if err != nil {
		return false
	}
	y, err := pathOf(b)
	return err == nil && x == y
}

// beneath says whether a path lies in a folder.
func beneath(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
