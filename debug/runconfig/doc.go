// Package runconfig writes what makes an editor run and debug a service as if it
// were in the cluster: configurations, tasks and settings that belong to the
// user, in files that belong to the user.
//
//	service, err := runconfig.NewService(workspace, man, dev, runconfig.Options{})
//	plan, err := runconfig.Write(workspace, runconfig.VSCode, []runconfig.Service{service})
//	for _, c := range plan.Changes { … }   // what would change, byte for byte
//	err = plan.Apply()
//
// # One model
//
// A [Service] is one dev and what would be debugged (package debug). Each editor
// has a renderer (vscode.go, jetbrains.go, neovim.go, zed.go) that turns services
// into entries of lists in JSON files, or into whole files. Several services get
// one configuration that starts all.
//
// # No secrets
//
// Nothing here knows the value of a Secret. Configurations name the environment
// files of package envfile. What the reader of such a file cannot take
// ([Deliver]) stands in the configuration itself where it is no secret and the
// configuration can hold it exactly; else the program is started through
// `tandem run DEV --` where the editor lets it, or the variable is reported, by
// name.
//
// # Whose is what
//
// Two marks say that an entry is ours, and either will do:
//
//   - the ledger, .tandem/run_configurations.json in the workspace. It holds what
//     was written last, entry by entry, and what had to be made for it (a file, a
//     folder, an empty list). It stays on this machine, as .tandem does.
//   - in the entry itself a name that begins with "Tandem: " together with
//     presentation.group "tandem" (in XML folderName "Tandem"). That survives a
//     clone without the ledger. It is no member of its own because editors
//     underline members that they do not know: VS Code sets additionalProperties
//     to false in every debugger's schema.
//
// An entry that has our name and neither mark is the user's: writing fails and
// says so. A setting is ours while it holds what we wrote.
//
// # The user's own edits
//
// Writing again merges three ways ([merge]): what was written last, what is
// there, what is wanted. A member that only we change is changed, one that the
// user has changed, added or deleted stays so, down to single members; comments
// inside stay where they are. Writing twice changes nothing the second time. An
// entry that was renamed in the editor is found by its mark and keeps its name.
//
// # Removing
//
// [Remove] takes the entries away, and what was made for them once it is empty:
// lists, files, folders. Nothing else changed, the files have the bytes from
// before; something else did, and they have those with that change. Package
// jsonc tells how.
//
// # Files
//
// A change is planned on the whole before anything is written; what is malformed,
// read-only, huge, a symbolic link or not a file fails the plan and leaves all
// files alone. [Plan.Apply] looks again that the files still are what was
// planned on, writes the ledger first and replaces each file in one step,
// keeping its permission bits.
//
// The package starts no goroutine. Two plans for one workspace must not be applied
// at the same time; the later one fails with fault.Conflict where that is seen.
package runconfig
