package lint

// optional finds what is looked for only if it is turned on.
func (f *finder) optional() {}
