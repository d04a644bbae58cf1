package intake

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
)

// An OLE compound file, in which old Office files lie, is a small file system: sectors chained through a table (FAT),
// and a directory of named streams. Only as much of it is read here as finding one stream takes. The libraries for it
// allocate what the header asks for, up to 32 GB, before they look whether the file has it.

const (
	oleHeader    = 512
	oleMini      = 64   // bytes of a sector inside the root's stream
	oleMiniBelow = 4096 // smaller streams lie there
	oleEntry     = 128
	oleEntries   = 4096
	oleRegular   = 0xfffffffa // sectors from here on are marks
)

var errOLE = errors.New("ole: the chain of sectors breaks off")

// oleFile is an open compound file.
type oleFile struct {
	r      io.ReaderAt
	sector int64
	count  uint32   // sectors there are
	fat    []uint32 // sector → the one behind it
	mini   []uint32 // the same for small sectors
	root   *oleStream
	names  []string // of streams, as in the directory
	heads  []oleHead
}

type oleHead struct {
	first uint32
	size  int64
}

// openOLE reads the table and the directory.
func openOLE(r io.ReaderAt, size int64) (*oleFile, error) {
	head := make([]byte, oleHeader)
	if _, err := r.ReadAt(head, 0); err != nil {
		return nil, err
	}
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(head[at:]) }
	f := &oleFile{r: r}
	switch shift := binary.LittleEndian.Uint16(head[30:]); shift {
	case 9, 12:
		f.sector = 1 << shift
	default:
		return nil, fmt.Errorf("ole: sector shift %d", shift)
	}
	f.count = uint32((size - 1) / f.sector) // the header takes the first, the last may be cut short
	// Which sectors hold the table: 109 in the header, more in a chain of their own.
	var tables []uint32
	for at := 76; at < oleHeader; at += 4 {
		tables = append(tables, u32(at))
	}
	buf := make([]byte, f.sector)
	for next, n := u32(68), uint32(0); next < oleRegular; n++ {
		if n > f.count/127 { // each names 127 sectors or more
			return nil, errOLE
		}
		if err := f.read(buf, next); err != nil {
			return nil, err
		}
		last := len(buf) - 4
		for at := 0; at < last; at += 4 {
			tables = append(tables, binary.LittleEndian.Uint32(buf[at:]))
		}
		next = binary.LittleEndian.Uint32(buf[last:])
	}
	for _, sector := range tables {
		if sector >= oleRegular || uint32(len(f.fat)) >= f.count {
			continue
		}
		if err := f.read(buf, sector); err != nil {
			return nil, err
		}
		for at := 0; at < len(buf); at += 4 {
			f.fat = append(f.fat, binary.LittleEndian.Uint32(buf[at:]))
		}
	}
	if err := f.directory(u32(48)); err != nil {
		return nil, err
	}
	// The table of small sectors is a stream of its own.
	chain, err := f.chain(u32(60), int64(u32(64))*f.sector)
	if err != nil {
		return nil, err
	}
	for _, sector := range chain {
		if f.root == nil || int64(len(f.mini))*oleMini >= f.root.size {
			break
		}
		if err := f.read(buf, sector); err != nil {
			return nil, err
		}
		for at := 0; at < len(buf); at += 4 {
			f.mini = append(f.mini, binary.LittleEndian.Uint32(buf[at:]))
		}
	}
	return f, nil
}

// read fills buf from a sector; what the file has no more of is zero.
func (f *oleFile) read(buf []byte, sector uint32) error {
	if sector >= f.count {
		return errOLE
	}
	n, err := f.r.ReadAt(buf, (int64(sector)+1)*f.sector)
	if errors.Is(err, io.EOF) {
		clear(buf[n:])
		err = nil
	}
	return err
}

// chain lists the sectors of a stream of this size.
func (f *oleFile) chain(first uint32, size int64) ([]uint32, error) {
	return follow(f.fat, first, (size+f.sector-1)/f.sector)
}

// follow lists n sectors from first on. A chain that runs in a circle is no longer than the table.
func follow(table []uint32, first uint32, n int64) ([]uint32, error) {
	if n > int64(len(table)) {
		return nil, errOLE
	}
	list := make([]uint32, 0, n)
	for at := first; int64(len(list)) < n; at = table[at] {
		if int64(at) >= int64(len(table)) {
			return nil, errOLE
		}
		list = append(list, at)
	}
	return list, nil
}

// directory reads the names of the streams.
func (f *oleFile) directory(first uint32) error {
	buf := make([]byte, f.sector)
	for sector, n := first, 0; sector < oleRegular && n < oleEntries; n += int(f.sector) / oleEntry {
		if err := f.read(buf, sector); err != nil {
			return err
		}
		for at := 0; at < len(buf); at += oleEntry {
			if err := f.entry(buf[at : at+oleEntry]); err != nil {
				return err
			}
		}
		if int64(sector) >= int64(len(f.fat)) {
			return errOLE
		}
		sector = f.fat[sector]
	}
	return nil
}

func (f *oleFile) entry(e []byte) error {
	const stream, root = 2, 5
	kind := e[66]
	h := oleHead{first: binary.LittleEndian.Uint32(e[116:]), size: int64(binary.LittleEndian.Uint32(e[120:]))}
	switch {
	case kind == root && f.root == nil:
		chain, err := f.chain(h.first, h.size)
		if err != nil {
			return err
		}
		f.root = &oleStream{r: f.r, sectors: chain, sector: f.sector, base: f.sector, size: h.size}
	case kind == stream:
		units := make([]uint16, min(31, max(0, int(binary.LittleEndian.Uint16(e[64:]))/2-1)))
		for i := range units {
			units[i] = binary.LittleEndian.Uint16(e[2*i:])
		}
		f.names = append(f.names, string(utf16.Decode(units)))
		f.heads = append(f.heads, h)
	}
	return nil
}

// has reports whether there is a stream of this name, in whatever folder.
func (f *oleFile) has(name string) bool {
	for _, n := range f.names {
		if n == name {
			return true
		}
	}
	return false
}

// stream opens the first stream of this name.
func (f *oleFile) stream(name string) (*oleStream, error) {
	for i, n := range f.names {
		if n != name {
			continue
		}
		h := f.heads[i]
		if h.size >= oleMiniBelow {
			chain, err := f.chain(h.first, h.size)
			return &oleStream{r: f.r, sectors: chain, sector: f.sector, base: f.sector, size: h.size}, err
		}
		if f.root == nil {
			return nil, errOLE
		}
		chain, err := follow(f.mini, h.first, (h.size+oleMini-1)/oleMini)
		return &oleStream{r: f.root, sectors: chain, sector: oleMini, size: h.size}, err
	}
	return nil, fmt.Errorf("ole: no stream %s", name)
}

// oleStream is a stream's bytes.
type oleStream struct {
	r       io.ReaderAt
	sectors []uint32
	sector  int64
	base    int64 // where sector 0 begins
	size    int64
}

// ReadAt reads across sectors; neighbours are read at once.
func (s *oleStream) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		if off >= s.size {
			return n, io.EOF
		}
		i, within := off/s.sector, off%s.sector
		run := int64(1)
		for i+run < int64(len(s.sectors)) && s.sectors[i+run] == s.sectors[i]+uint32(run) && run*s.sector < int64(len(p)) {
			run++
		}
		part := p[n:min(int64(len(p)), int64(n)+run*s.sector-within, int64(n)+s.size-off)]
		got, err := s.r.ReadAt(part, s.base+int64(s.sectors[i])*s.sector+within)
		n, off = n+got, off+int64(got)
		if got < len(part) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return n, err
		}
	}
	return n, nil
}
