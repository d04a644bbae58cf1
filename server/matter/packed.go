package matter

import "encoding/binary"

// packed is a signature in little memory, one part after the other, each behind its number: the words and the terms of names as the distances
// between them, concepts, those of the title, names as where their terms stand among those, characters of the title, lines.
type packed []byte

// pack makes a packed of a signature with at most 255 words and 255 terms of names.
func pack(s *signature) packed {
	b := make([]byte, 0, 1024)
	for _, part := range [][]term{s.words, s.named} {
		b = append(b, byte(len(part)))
		last := term(0)
		for _, t := range part {
			b = binary.AppendUvarint(b, uint64(t-last))
			last = t
		}
	}
	for _, part := range [][]uint8{s.concepts, s.asked} {
		b = append(b, byte(len(part)))
		b = append(b, part...)
	}
	b = append(b, byte(len(s.names)))
	for i, n := range s.names {
		sure := byte(0)
		if s.sure[i] {
			sure = 1
		}
		b = append(b, sure, byte(len(n)))
		at := 0
		for _, t := range n {
			for s.named[at] != t {
				at++
			}
			b = append(b, byte(at))
		}
	}
	for _, part := range [][]term{s.title, s.lines} {
		b = append(b, byte(len(part)))
		for _, t := range part {
			b = append(b, byte(t), byte(t>>8), byte(t>>16))
		}
	}
	return append(make(packed, 0, len(b)), b...)
}

// unpack fills s, using its memory again.
func (b packed) unpack(s *signature) {
	next := func() int {
		n := b[0]
		b = b[1:]
		return int(n)
	}
	for _, part := range []*[]term{&s.words, &s.named} {
		list, last := (*part)[:0], term(0)
		for range next() {
			// As binary.Uvarint, of at most three bytes.
			d, n := term(b[0]), 1
			if d >= 0x80 {
				d, n = d&0x7f|term(b[1])<<7, 2
				if b[1] >= 0x80 {
					d, n = d&0x3fff|term(b[2])<<14, 3
				}
			}
			b = b[n:]
			last += d
			list = append(list, last)
		}
		*part = list
	}
	for _, part := range []*[]uint8{&s.concepts, &s.asked} {
		n := next()
		*part, b = b[:n], b[n:]
	}
	n := next()
	s.sure = s.sure[:0]
	if cap(s.names) < maxNames {
		s.names = make([][]term, maxNames)
	}
	s.names = s.names[:n]
	for i := range n {
		s.sure = append(s.sure, next() == 1)
		s.names[i] = s.names[i][:0]
		for range next() {
			s.names[i] = append(s.names[i], s.named[next()])
		}
	}
	for _, part := range []*[]term{&s.title, &s.lines} {
		*part = (*part)[:0]
		for range next() {
			*part = append(*part, term(b[0])|term(b[1])<<8|term(b[2])<<16)
			b = b[3:]
		}
	}
}
