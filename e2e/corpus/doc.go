// Package corpus proves that tandem computes the environment of a container as
// the cluster makes it: some ninety workloads, one for each rule of the kubelet,
// run on a real cluster, and what each container really has is compared, name by
// name and byte by byte, with what the engine resolves without a session and,
// for a part of them, in one.
//
// table_test.go has the rules, one row each. A row says what is special about
// it; what every workload shares is in objects_test.go. To add a rule, add a
// row.
//
// Equal means equal. The only names that may lack a value offline are those
// that belong to one pod, which the row lists (its name, its address), HOSTNAME,
// and HOME where neither image nor spec sets it. They must then be unresolved,
// with a reason, and not wrong.
//
// The tests need what the harness needs: KUBECONFIG and a registry.
package corpus
