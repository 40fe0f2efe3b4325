package proof

// SegmentLength is segmentLength.
const SegmentLength = segmentLength

// Skipped returns the indexes of the skipped segments.
func (w *Walk) Skipped() (segments []int) {
	for i, l := range w.segments {
		if l.skipped {
			segments = append(segments, i)
		}
	}
	return segments
}

// As runs f as another program, or with an error as one that remembers nothing.
func As(program string, err error, f func()) {
	was := executable
	defer func() { executable = was }()
	executable = func() ([]byte, error) { return []byte(program), err }
	f()
}
