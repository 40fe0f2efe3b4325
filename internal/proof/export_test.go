package proof

// LegLength is legLength.
const LegLength = legLength

// Skipped returns the numbers of the legs that are left out, from 0.
func (w *Walk) Skipped() (legs []int) {
	for i, l := range w.legs {
		if l.skipped {
			legs = append(legs, i)
		}
	}
	return legs
}

// As runs f as another program, or, with an error, as one that knows nothing.
func As(program string, err error, f func()) {
	was := executable
	defer func() { executable = was }()
	executable = func() ([]byte, error) { return []byte(program), err }
	f()
}
