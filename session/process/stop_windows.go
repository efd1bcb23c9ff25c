package process

import (
	"errors"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Of winnt.h.
const (
	jobObjectBasicAccountingInformation = 1
)

// basicAccounting is JOBOBJECT_BASIC_ACCOUNTING_INFORMATION of winnt.h.
type basicAccounting struct {
	totalUserTime, totalKernelTime           int64
	thisPeriodUserTime, thisPeriodKernelTime int64
	totalPageFaultCount, totalProcesses      uint32
	activeProcesses, totalTerminated         uint32
}

// ask sends CTRL_BREAK, which console programs may handle and which ends the
// others. A command on our own console, or one without a console, does not get
// it; it has the grace to notice its closed input, and is ended then.
func (f *family) ask() { _ = f.signal(os.Interrupt) }

// leave asks, and waits for the answer as gone does.
func (f *family) leave(grace time.Duration, cut <-chan struct{}) bool {
	f.ask()
	return f.gone(grace, cut)
}

// gone waits until the job is empty, for at most limit and until cut closes.
func (f *family) gone(limit time.Duration, cut <-chan struct{}) bool {
	over, joined := make(chan struct{}), make(chan struct{})
	go func() { // turns cut into a packet on the port; ends before we return
		defer close(joined)
		select {
		case <-cut:
			_ = windows.PostQueuedCompletionStatus(f.port, 0, 0, nil)
		case <-over:
		}
	}()
	defer func() { close(over); <-joined }()
	for deadline := time.Now().Add(limit); ; {
		if f.active() == 0 {
			<-f.exited // the leader is out of the job, so its handle is signalled
			return true
		}
		left := time.Until(deadline)
		if left <= 0 {
			return false
		}
		var message uint32
		var key uintptr
		var overlapped *windows.Overlapped
		err := windows.GetQueuedCompletionStatus(f.port, &message, &key, &overlapped, uint32(left/time.Millisecond)+1)
		if errors.Is(err, windows.WAIT_TIMEOUT) || err == nil && message == 0 {
			return f.active() == 0
		}
		if err != nil {
			return false
		}
		// Every other message (a process came or went, nobody is left)
		// is a reason to count again.
	}
}

// killed ends the job and waits until it is empty.
func (f *family) killed(limit time.Duration) bool {
	_ = f.signal(os.Kill)
	return f.gone(limit, nil)
}

// active is the number of living processes; where it cannot be had, the leader
// counts alone.
func (f *family) active() uint32 {
	var info basicAccounting
	err := windows.QueryInformationJobObject(f.job, jobObjectBasicAccountingInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)), nil)
	if err == nil {
		return info.activeProcesses
	}
	select {
	case <-f.exited:
		return 0
	default:
		return 1
	}
}
