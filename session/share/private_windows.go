package share

// Private has nothing to do: folders below the user's profile, which the state
// folder and the temporary one are, are closed to other users by inheritance.
func Private(string) error { return nil }
