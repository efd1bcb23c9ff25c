// Package fault is the one vocabulary of failure in Tandem.
//
// Every failure that a person may meet at an editor or a terminal is an
// [*Error]: a stable [Kind] that programs switch on, a message that says what
// was tried, on which object, and what happened, and a hint that says what to
// do next. The kinds are part of the protocol (docs/protocol.md lists them);
// their spelling never changes.
//
//	return fault.New(fault.WorkloadNotFound, "no Deployment or StatefulSet %q in namespace %q", name, ns).
//		Hint("`kubectl get deploy,sts -n %s` lists what is there", ns)
//
// Wrap keeps the cause for errors.Is and errors.As:
//
//	return fault.Wrap(err, fault.ClusterUnreachable, "asking %s for its version", host).Hint("is the VPN up?")
//
// [KindOf] and [HintOf] read a chain; an error without a kind is [Internal].
// A message must never hold the value of a Secret: name the variable or the
// object instead.
package fault
