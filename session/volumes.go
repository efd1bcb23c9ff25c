package session

import (
	"context"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/session/cluster"
	"github.com/tandem-dev/tandem/session/projection"
	"github.com/tandem-dev/tandem/session/tunnel"
)

// Volumes says where the files of the container's volumes are on this machine.
type Volumes struct {
	// Root stands for the container's root folder.
	Root string `json:"root"`
	// Files is how many there are.
	Files int `json:"files"`
	// Kubeconfig reaches the cluster as the workload's service account; "" where
	// the container has no token.
	Kubeconfig string `json:"kubeconfig,omitempty"`
	// Unreadable names what the container itself may not read, with the reason.
	Unreadable []string `json:"unreadable"`
}

// The variables that tell a process where its files are.
const (
	rootVariable       = "TANDEM_ROOT"
	kubeconfigVariable = "TANDEM_KUBECONFIG"
	// volumesSource is where these variables come from, in an explanation.
	volumesSource = "projected volumes"
)

// volumeVariables go beneath the manifest's own.
func (p *prepared) volumeVariables(r StartRequest) []envfile.Var {
	if !r.Volumes {
		return nil
	}
	kubeconfig := projection.Kubeconfig(p.envDir, p.dev.Name)
	vars := []envfile.Var{
		{Name: rootVariable, Value: projection.Root(p.envDir, p.dev.Name), Source: volumesSource},
		{Name: kubeconfigVariable, Value: kubeconfig, Source: volumesSource},
	}
	if r.ServiceAccount {
		vars = append(vars, envfile.Var{Name: "KUBECONFIG", Value: kubeconfig, Source: volumesSource})
	}
	return vars
}

// volumes keeps the files of the container's volumes fresh. The session's owner
// starts a follower for each link; it ends with its link or with close.
type volumes struct {
	paths     []string
	follower  context.CancelFunc
	following sync.WaitGroup
}

// projectVolumes writes the files for the first time, where that was asked for.
func (s *Session) projectVolumes(ctx context.Context) error {
	if !s.request.Volumes {
		return nil
	}
	paths := cluster.ProjectedPaths(s.run.pod.Object, s.run.workload.Container)
	s.run.volumes = &volumes{paths: paths, follower: func() {}}
	s.progress("reading the files of %s", strings.Join(paths, ", "))
	found := Volumes{Root: projection.Root(s.prepared.envDir, s.prepared.dev.Name), Unreadable: []string{}}
	first := make(chan error, 1)
	s.followVolumes(s.run.link, func(f tunnel.Files, count int, err error) {
		found.Files = count
		for _, file := range slices.Sorted(maps.Keys(f.Unreadable)) {
			found.Unreadable = append(found.Unreadable, file+": "+f.Unreadable[file])
		}
		first <- err
	})
	select {
	case err := <-first:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	if _, has := slices.BinarySearch(paths, path.Dir(cluster.ServiceAccountToken)); has {
		content, err := s.prepared.cluster.ServiceAccountKubeconfig(
			filepath.Join(found.Root, filepath.FromSlash(cluster.ServiceAccountToken)), s.run.workload.Namespace)
		if err != nil {
			return err
		}
		if err := projection.WriteKubeconfig(s.prepared.envDir, s.prepared.dev.Name, content); err != nil {
			return err
		}
		found.Kubeconfig = projection.Kubeconfig(s.prepared.envDir, s.prepared.dev.Name)
	}
	s.change(func(snap *Snapshot) { snap.Volumes = &found })
	return nil
}

// followVolumes lets the files follow those in a link's pod, in place of the link
// before. first, where not nil, hears of the first state, or why there is none.
func (s *Session) followVolumes(link *tunnel.Link, first func(tunnel.Files, int, error)) {
	v := s.run.volumes
	if v == nil {
		return
	}
	v.follower()
	v.following.Wait()
	ctx, cancel := context.WithCancel(context.Background())
	v.follower = cancel
	dir, dev, log := s.prepared.envDir, s.prepared.dev.Name, s.log
	v.following.Go(func() {
		tell := func(f tunnel.Files, count int, err error) {
			if first != nil {
				first(f, count, err)
				first = nil
			}
		}
		err := link.Files(ctx, v.paths, func(f tunnel.Files) error {
			count, err := projection.Write(dir, dev, f.Archive)
			if err != nil && first == nil {
				log.Error().Err(err).Msg("the files of the container's volumes have changed, and could not be written")
				return nil // the disk may have room again next time
			}
			tell(f, count, err)
			return err
		})
		tell(tunnel.Files{}, 0, err)
		log.Debug().Err(err).Msg("following the files of the container's volumes")
	})
}

// close ends the following.
func (v *volumes) close() {
	if v != nil {
		v.follower()
		v.following.Wait()
	}
}
