package process

// Check reports what [Start] would fail with for want of a program or a working
// directory, without starting anything. Between the two a file may come or go.
func (s Spec) Check() error {
	if err := s.withDefaults(); err != nil {
		return err
	}
	_, err := s.command()
	return err
}
