package process

import "time"

// EndOthers ends every other process of the session that the calling process
// leads: those asked get grace to end, then they are killed. It is for a program
// that [Start] started and that has to clean up by itself because whoever started
// it has died. exited, where not nil, closes when the caller's own child has ended.
//
// A process that leads no session does nothing: the others are not its own. macOS
// reaches the process group, and the kill at the end of the grace reaches the
// caller, too. On Windows there is nothing to do: the job ends with its owner.
func EndOthers(grace time.Duration, exited <-chan struct{}) { endOthers(grace, exited) }
