package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// family is the command in its job object, which holds everything that it
// starts: Windows lets no member leave. The job dies with its last handle, so a
// crash of ours ends the family too.
type family struct {
	cmd     *exec.Cmd
	pid     int
	job     windows.Handle
	port    windows.Handle // completion port: tells when the job is empty
	console bool           // it shares our console and hears its Ctrl-C
	exited  chan struct{}
	waitErr error // written before exited closes

	mu     sync.Mutex
	reaped bool // the handles are closed
}

// launch starts the command suspended, puts it into a new job and only then
// lets it run, so that no child of it can be outside.
func launch(cmd *exec.Cmd) (*family, error) {
	attr := cmd.SysProcAttr
	if attr == nil {
		// A group of its own, which CTRL_BREAK reaches without reaching us.
		attr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP, HideWindow: true}
		cmd.SysProcAttr = attr
	}
	f := &family{cmd: cmd, console: attr.CreationFlags&windows.CREATE_NEW_PROCESS_GROUP == 0, exited: make(chan struct{})}
	attr.CreationFlags |= windows.CREATE_SUSPENDED
	if isShell(cmd.Args) {
		// With /s cmd.exe takes off the outer quotes and leaves the rest alone;
		// the escaping for C programs would be shown to the user's command.
		attr.CmdLine = `cmd.exe /d /s /c "` + cmd.Args[4] + `"`
	}
	if err := f.newJob(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		f.closeHandles()
		return nil, err
	}
	f.pid = cmd.Process.Pid
	if err := f.admit(); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		f.closeHandles()
		return nil, err
	}
	go f.await()
	return f, nil
}

// await ends with the leader, whose handle keeps its number taken.
func (f *family) await() {
	defer close(f.exited)
	f.waitErr = f.cmd.Wait()
}

// completionPort is JOBOBJECT_ASSOCIATE_COMPLETION_PORT of winnt.h.
type completionPort struct {
	key  uintptr
	port windows.Handle
}

func (f *family) newJob() (err error) {
	defer func() {
		if err != nil {
			f.closeHandles()
		}
	}()
	if f.job, err = windows.CreateJobObject(nil, nil); err != nil {
		return os.NewSyscallError("CreateJobObject", err)
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	if _, err = windows.SetInformationJobObject(f.job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits))); err != nil {
		return os.NewSyscallError("SetInformationJobObject", err)
	}
	if f.port, err = windows.CreateIoCompletionPort(windows.InvalidHandle, 0, 0, 1); err != nil {
		return os.NewSyscallError("CreateIoCompletionPort", err)
	}
	assoc := completionPort{port: f.port}
	if _, err = windows.SetInformationJobObject(f.job, windows.JobObjectAssociateCompletionPortInformation,
		uintptr(unsafe.Pointer(&assoc)), uint32(unsafe.Sizeof(assoc))); err != nil {
		return os.NewSyscallError("SetInformationJobObject", err)
	}
	return nil
}

func (f *family) closeHandles() {
	if f.job != 0 {
		_ = windows.CloseHandle(f.job)
	}
	if f.port != 0 {
		_ = windows.CloseHandle(f.port)
	}
	f.job, f.port = 0, 0
}

// admit puts the suspended leader into the job and resumes its only thread.
func (f *family) admit() error {
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(f.pid))
	if err != nil {
		return os.NewSyscallError("OpenProcess", err)
	}
	defer windows.CloseHandle(process)
	if err := windows.AssignProcessToJobObject(f.job, process); err != nil {
		return os.NewSyscallError("AssignProcessToJobObject", err)
	}
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPTHREAD, 0)
	if err != nil {
		return os.NewSyscallError("CreateToolhelp32Snapshot", err)
	}
	defer windows.CloseHandle(snapshot)
	entry := windows.ThreadEntry32{Size: uint32(unsafe.Sizeof(windows.ThreadEntry32{}))}
	for err = windows.Thread32First(snapshot, &entry); err == nil; err = windows.Thread32Next(snapshot, &entry) {
		if entry.OwnerProcessID == uint32(f.pid) {
			return resume(entry.ThreadID)
		}
	}
	return fmt.Errorf("finding the first thread of process %d: %w", f.pid, err)
}

func resume(thread uint32) error {
	h, err := windows.OpenThread(windows.THREAD_SUSPEND_RESUME, false, thread)
	if err != nil {
		return os.NewSyscallError("OpenThread", err)
	}
	defer windows.CloseHandle(h)
	_, err = windows.ResumeThread(h)
	return os.NewSyscallError("ResumeThread", err)
}

// signal knows two: os.Interrupt is CTRL_BREAK to the command's group (Windows
// has no CTRL_C for another group), os.Kill ends the job.
func (f *family) signal(sig os.Signal) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.reaped:
		return os.ErrProcessDone
	case sig == os.Kill:
		return os.NewSyscallError("TerminateJobObject", windows.TerminateJobObject(f.job, 1))
	case sig != os.Interrupt && sig != syscall.SIGTERM:
		return fmt.Errorf("signal %v cannot be sent on Windows", sig)
	case f.console:
		return errors.New("a command on our console gets Ctrl-C from the console itself")
	}
	return os.NewSyscallError("GenerateConsoleCtrlEvent", windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(f.pid)))
}

// reap takes the exit code and closes the handles. Windows knows no signals.
func (f *family) reap() Exit {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reaped = true
	defer f.closeHandles()
	select {
	case <-f.exited:
	default:
		return Exit{Code: -1}
	}
	var failed *exec.ExitError
	if f.waitErr != nil && !errors.As(f.waitErr, &failed) {
		return Exit{Code: -1, Err: f.waitErr}
	}
	return Exit{Code: f.cmd.ProcessState.ExitCode()}
}
