package session

import (
	"context"
	"errors"
	"os"
	"os/user"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/cluster"
)

// giveBack undoes everything, in the order that keeps the service served: the
// original comes back first, then the local command ends. It goes on after a
// failure, so that one does not keep the rest from being cleaned.
func (s *Session) giveBack(ctx context.Context) error {
	r := &s.run
	var errs []error
	restored := true
	s.beside.handOverForwards()
	r.inCluster.close()
	if r.touched {
		s.progress("giving %s back", r.workload)
		trouble, err := s.prepared.cluster.GiveBack(ctx, r.entry.Record)
		if trouble != nil {
			s.warn(Warning{Code: WarnOriginalDown, Message: trouble.Error(), Hint: fault.HintOf(trouble)})
		}
		if err != nil {
			restored = false
			errs = append(errs, fault.Wrap(err, fault.KindOf(err), "giving %s back", r.workload).
				Hint("`tandem down %s` tries again; the journal keeps what is needed", s.prepared.dev.Name))
		}
	}
	if restored {
		s.handOver(ctx)
	}
	s.endDebuggers(ctx)
	if r.command != nil {
		exit := r.command.process.Stop(ctx)
		s.noteExit(exit)
	}
	r.listening.close()
	r.ends.close()
	r.volumes.close()
	if r.proxy != nil {
		errs = append(errs, r.proxy.Close())
	}
	s.beside.close()
	if r.tunnels != nil {
		errs = append(errs, r.tunnels.Close())
	}
	if r.link != nil {
		r.link.Close()
	}
	r.diversion.Close()
	r.followed.Close()
	errs = append(errs, s.removeFiles())
	if r.page != nil {
		errs = append(errs, r.page.close(restored && !r.owed))
	}
	s.prepared.cluster.CloseIdle()
	return errors.Join(errs...)
}

// handOver keeps answering what the cluster still sends to the dev pod, which
// has been told to end: the agent ends the link once every node knows. Where the
// command has ended there is nothing to answer with, and nothing to wait for.
func (s *Session) handOver(ctx context.Context) {
	r := &s.run
	if r.link == nil || !r.turned || len(r.debuggers) == 0 && r.command != nil && r.command.noted {
		return
	}
	s.progress("waiting until the cluster sends no more requests here")
	timer := time.NewTimer(cluster.Linger + handOverSlack)
	defer timer.Stop()
	select {
	case <-r.link.Done():
	case <-s.commandDone():
	case <-timer.C:
	case <-ctx.Done():
	}
}

// handOverSlack is what the deletion of the dev pod may take before its agent
// hears of it.
const handOverSlack = 2 * time.Second

// whoAmI names the user and the machine for other people.
func whoAmI() (owner, host string) {
	if u, err := user.Current(); err == nil {
		owner = u.Username
	}
	host, _ = os.Hostname()
	return owner, host
}
