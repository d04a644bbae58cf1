package blob

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/apperr"
)

const (
	one     = "01990000-0000-7000-8000-00000000aa01"
	another = "01990000-0000-7000-8000-00000000aa02"
)

func newFolder(t testing.TB) *Folder {
	t.Helper()
	f, err := NewFolder(filepath.Join(t.TempDir(), "attachments"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAFolderKeepsBodies(t *testing.T) {
	f, ctx := newFolder(t), context.Background()
	if _, err := f.Get(ctx, one+"/thumb"); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	if names, err := f.List(ctx, one); len(names) > 0 || err != nil {
		t.Error(names, err)
	}
	for name, body := range map[string]string{"part-0001": "一", "part-0000": "零", "thumb": "旧"} {
		if err := f.Put(ctx, one+"/"+name, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Put(ctx, one+"/thumb", []byte("新")); err != nil {
		t.Fatal(err)
	}
	if body, err := f.Get(ctx, one+"/thumb"); string(body) != "新" || err != nil {
		t.Errorf("%s %v", body, err)
	}
	// What a process that was killed left behind is nothing that anybody kept.
	if err := os.WriteFile(filepath.Join(f.path, "01", one, ".writing-17"), []byte("半"), 0o600); err != nil {
		t.Fatal(err)
	}
	if names, err := f.List(ctx, one); !cmp.Equal(names, []string{"part-0000", "part-0001", "thumb"}) || err != nil {
		t.Error(names, err)
	}
	if err := f.Remove(ctx, one, "part-0000", "part-0009"); err != nil {
		t.Error(err)
	}
	if names, err := f.List(ctx, one); !cmp.Equal(names, []string{"part-0001", "thumb"}) || err != nil {
		t.Error(names, err)
	}
	for range 2 {
		if err := f.Remove(ctx, one); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(f.path, "01", one)); !errors.Is(err, os.ErrNotExist) {
		t.Error("something is left:", err)
	}
}

func TestNoKeyLeavesTheFolder(t *testing.T) {
	f, ctx := newFolder(t), context.Background()
	for _, key := range []string{"", "/", "../x/thumb", one, one + "/", one + "/../thumb", one + "/.hidden", one + "/Thumb", "x/" + one + "/thumb", one + "/a/b", strings.ToUpper(one) + "/thumb", one + "/" + strings.Repeat("a", 50)} {
		if err := f.Put(ctx, key, []byte("x")); err == nil {
			t.Errorf("%q was kept", key)
		}
		if _, err := f.Get(ctx, key); err == nil || errors.Is(err, ErrNone) {
			t.Errorf("%q: %v", key, err)
		}
	}
	if err := f.Remove(ctx, ".."); err == nil {
		t.Error("removed what lies outside")
	}
	if err := f.Remove(ctx, one, "../../x"); err == nil {
		t.Error("removed what lies outside")
	}
}

func newBox(t testing.TB, s Store, attachment string, key []byte) *Box {
	t.Helper()
	b, err := NewBox(s, attachment, key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func noise(n int) []byte {
	body := make([]byte, n)
	for i, r := 0, rand.New(rand.NewPCG(1, uint64(n))); i < n; i++ {
		body[i] = byte(r.Uint32())
	}
	return body
}

func TestABoxGivesBackWhatItWasGiven(t *testing.T) {
	f, ctx, key := newFolder(t), context.Background(), NewKey()
	for _, n := range []int{1, PieceBytes - 1, PieceBytes, PieceBytes + 1, 2*PieceBytes + 77} {
		b, body := newBox(t, f, one, key), noise(n)
		hash, err := b.Write(ctx, body, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(b.Open(ctx, hash, int64(n))); !bytes.Equal(got, body) || err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		if again, err := b.Hash(ctx, hash, int64(n)); again != hash || err != nil {
			t.Errorf("%d bytes: %s %v", n, again, err)
		}
		from := b.Open(ctx, hash, int64(n))
		if _, err := from.Seek(-1, io.SeekEnd); err != nil {
			t.Error(err)
		}
		if got, err := io.ReadAll(from); !bytes.Equal(got, body[n-1:]) || err != nil {
			t.Errorf("the last of %d bytes: %v %v", n, got, err)
		}
		if err := f.Remove(ctx, one); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNothingLiesInTheClearAndNothingCanBeChangedOrMoved(t *testing.T) {
	f, ctx, key := newFolder(t), context.Background(), NewKey()
	b := newBox(t, f, one, key)
	body := bytes.Repeat([]byte("沈阿婆13812345678"), 60_000)
	hash, err := b.Write(ctx, body, nil)
	if err != nil {
		t.Fatal(err)
	}
	first, err := f.Get(ctx, one+"/"+pieceName(hash, 0))
	if err != nil || bytes.Contains(first, []byte("沈阿婆")) || bytes.Contains(first, []byte("138")) {
		t.Error("it lies in the clear", err)
	}
	read := func(b *Box) error { _, err := b.Hash(ctx, hash, int64(len(body))); return err }
	put := func(key string, body []byte) {
		t.Helper()
		if err := f.Put(ctx, key, body); err != nil {
			t.Fatal(err)
		}
	}
	second, _ := f.Get(ctx, one+"/"+pieceName(hash, 1))
	for name, damage := range map[string]func(){
		"a bit changed":          func() { c := bytes.Clone(first); c[len(c)-30] ^= 1; put(one+"/"+pieceName(hash, 0), c) },
		"cut off":                func() { put(one+"/"+pieceName(hash, 0), first[:100]) },
		"empty":                  func() { put(one+"/"+pieceName(hash, 0), nil) },
		"another piece":          func() { put(one+"/"+pieceName(hash, 0), second) },
		"the last piece missing": func() { _ = f.Remove(ctx, one, pieceName(hash, 1)) },
	} {
		damage()
		if err := read(b); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNone) {
			t.Errorf("%s: %v", name, err)
		}
		put(one+"/"+pieceName(hash, 0), first)
		put(one+"/"+pieceName(hash, 1), second)
	}
	if got, err := b.Hash(ctx, hash, int64(len(body))); got != hash || err != nil {
		t.Error(got, err)
	}
	put(another+"/"+pieceName(hash, 0), first)
	put(another+"/"+pieceName(hash, 1), second)
	if err := read(newBox(t, f, another, key)); !errors.Is(err, ErrDamaged) {
		t.Error("moved to another attachment it opens:", err)
	}
	if err := read(newBox(t, f, one, NewKey())); !errors.Is(err, ErrDamaged) {
		t.Error("another key opens it:", err)
	}
}

// Two requests complete one upload from different parts: what the one writes never lies under the other's hash.
func TestACompletionDoesNotWriteOverAnother(t *testing.T) {
	f, ctx := newFolder(t), context.Background()
	b := newBox(t, f, one, NewKey())
	said, other := noise(PieceBytes+10), noise(PieceBytes+10)
	other[0] ^= 1
	if err := b.PutPart(ctx, 0, said); err != nil {
		t.Fatal(err)
	}
	kept, err := b.Write(ctx, said, []byte("small"))
	if err != nil {
		t.Fatal(err)
	}
	late, err := b.Write(ctx, other, []byte("another"))
	if err != nil || late == kept {
		t.Fatal(late, err)
	}
	for range 2 {
		got, err := b.Hash(ctx, kept, int64(len(said)))
		small, err2 := b.Thumb(ctx, kept)
		if got != kept || string(small) != "small" || err != nil || err2 != nil {
			t.Error(got, small, err, err2)
		}
		if err := b.DropAllBut(ctx, kept); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := f.List(ctx, one); len(names) != 3 || err != nil {
		t.Error("more is left than two pieces and the small picture:", names, err)
	}
}

func TestPartsComeInAnyOrder(t *testing.T) {
	f, ctx := newFolder(t), context.Background()
	b := newBox(t, f, one, NewKey())
	for _, no := range []int{3, 0, 3, 11} {
		if err := b.PutPart(ctx, no, []byte{byte(no)}); err != nil {
			t.Fatal(err)
		}
	}
	hash, err := b.Write(ctx, []byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := b.Parts(ctx); !cmp.Equal(got, []int{0, 3, 11}) || err != nil {
		t.Error(got, err)
	}
	if got, err := b.Part(ctx, 11); !bytes.Equal(got, []byte{11}) || err != nil {
		t.Error(got, err)
	}
	for range 2 {
		if err := b.DropParts(ctx); err != nil {
			t.Error(err)
		}
	}
	if got, err := b.Hash(ctx, hash, 1); len(got) != 64 || err != nil {
		t.Error("the content went with the parts:", err)
	}
}

// photo is a JPEG with a red corner at the top left.
func photo(t testing.TB, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{40, byte(60 + x*100/w), byte(60 + y*100/h), 255}
			if x < w/4 && y < h/4 {
				c = color.RGBA{230, 20, 20, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// withExif puts an Exif segment that says how the camera was held, and where, into a JPEG.
func withExif(body []byte, orientation uint16, order binary.AppendByteOrder) []byte {
	tiff := []byte("MM\x00*")
	if order.AppendUint16(nil, 1)[0] == 1 {
		tiff = []byte("II*\x00")
	}
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	tiff = append(order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x010f), 2), 4), "Me\x00\x00"...)
	tiff = order.AppendUint16(order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x0112), 3), 1), orientation)
	tiff = append(tiff, 0, 0)
	tiff = append(tiff, "GPS 30.91N 121.45E 沈阿婆"...)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(segment)+2))...)
	return append(append(out, segment...), body[2:]...)
}

func decode(t testing.TB, body []byte) image.Image {
	t.Helper()
	m, _, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func red(m image.Image, x, y int) bool {
	r, g, _, _ := m.At(x, y).RGBA()
	return r > 0xb000 && g < 0x5000
}

func TestAPhotoIsTurnedUprightAndTellsNothingElse(t *testing.T) {
	// Where the red corner must be, as shares of width and height, after turning.
	corners := map[uint16][2]float64{1: {0, 0}, 2: {1, 0}, 3: {1, 1}, 4: {0, 1}, 5: {0, 0}, 6: {1, 0}, 7: {1, 1}, 8: {0, 1}}
	for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
		for held, at := range corners {
			body := withExif(photo(t, 400, 200), held, order)
			p, err := NewPicture(body)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(p.Body, []byte("Exif")) || bytes.Contains(p.Body, []byte("GPS")) || bytes.Contains(p.Body, []byte("沈阿婆")) || bytes.Contains(p.Thumb, []byte("GPS")) {
				t.Error("it still tells where it was taken")
			}
			w, h := 400, 200
			if held >= 5 {
				w, h = 200, 400
			}
			m := decode(t, p.Body)
			if p.Width != w || p.Height != h || m.Bounds().Dx() != w || m.Bounds().Dy() != h || p.Type != JPEG {
				t.Errorf("held %d: %d×%d %s", held, p.Width, p.Height, p.Type)
			}
			x, y := 10+int(at[0]*float64(w-20)), 10+int(at[1]*float64(h-20))
			if !red(m, x, y) || red(m, w-x, h-y) {
				t.Errorf("held %d: the corner is not at %d,%d", held, x, y)
			}
			if small := decode(t, p.Thumb); max(small.Bounds().Dx(), small.Bounds().Dy()) != thumbSide {
				t.Errorf("held %d: the small picture is %v", held, small.Bounds())
			}
		}
	}
}

func TestALargePhotoIsMadeSmaller(t *testing.T) {
	p, err := NewPicture(photo(t, 4000, 3000))
	if err != nil {
		t.Fatal(err)
	}
	if p.Width != 2560 || p.Height != 1920 {
		t.Errorf("%d×%d", p.Width, p.Height)
	}
	m := decode(t, p.Body)
	if !red(m, 5, 5) || !red(m, 600, 440) || red(m, 680, 5) || red(m, 5, 500) {
		t.Error("it shows something else")
	}
	thin, err := NewPicture(photo(t, 8000, 3))
	if err != nil || thin.Width != 2560 || thin.Height != 1 {
		t.Error(thin.Width, thin.Height, err)
	}
}

func encoded(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAScreenshotStaysAPNG(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 300, 100))
	m.SetNRGBA(3, 3, color.NRGBA{255, 0, 0, 255})
	body := encoded(t, m)
	// A chunk of text behind the head.
	text := append([]byte("tEXt"), "Author\x00沈阿婆"...)
	chunk := append(binary.BigEndian.AppendUint32(nil, uint32(len(text)-4)), text...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(text))
	body = append(append(bytes.Clone(body[:33]), chunk...), body[33:]...)
	p, err := NewPicture(body)
	if err != nil || p.Type != PNG || bytes.Contains(p.Body, []byte("沈阿婆")) {
		t.Error(p.Type, err)
	}
	if !red(decode(t, p.Body), 3, 3) {
		t.Error("it shows something else")
	}
	if r, _, _, _ := decode(t, p.Thumb).At(100, 50).RGBA(); r < 0xf000 {
		t.Error("what lets through is not white in the small picture")
	}
	loud := image.NewNRGBA(image.Rect(0, 0, 1500, 1500))
	copy(loud.Pix, noise(len(loud.Pix)))
	if p, err := NewPicture(encoded(t, loud)); err != nil || p.Type != JPEG || len(p.Body) > maxPNG {
		t.Error("a photo in a PNG stays as large as it is:", p.Type, len(p.Body), err)
	}
}

// bomb is a PNG of a few bytes that says that it is this large.
func bomb(w, h uint32, interlaced byte) []byte {
	body := []byte("\x89PNG\r\n\x1a\n")
	head := append([]byte("IHDR"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)...)
	head = append(head, 8, 6, 0, 0, interlaced)
	body = append(append(body, 0, 0, 0, 13), head...)
	return binary.BigEndian.AppendUint32(body, crc32.ChecksumIEEE(head))
}

// scans is a grey JPEG of one block that a decoder goes over n times: a file of 10 MB could have it do so 170,000 times.
func scans(n int) []byte {
	table := func(class byte) []byte { // one code of one bit, for the symbol 0
		return slices.Concat([]byte{0xff, 0xc4, 0, 20, class, 1}, make([]byte, 16))
	}
	scan := func(from, to byte) []byte { return []byte{0xff, 0xda, 0, 8, 1, 1, 0, from, to, 0, 0x7f} }
	return slices.Concat([]byte("\xff\xd8\xff\xdb\x00\x43\x00"), bytes.Repeat([]byte{1}, 64), []byte("\xff\xc2\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00"),
		table(0x00), table(0x10), scan(0, 0), bytes.Repeat(scan(1, 63), n-1), []byte("\xff\xd9"))
}

func TestWhatCannotBeKeptIsRefusedWithWhatToDo(t *testing.T) {
	good := photo(t, 64, 48)
	large := bytes.Clone(good)
	at := bytes.Index(large, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(large[at+5:], 60000)
	binary.BigEndian.PutUint16(large[at+7:], 60000)
	progressive := bytes.Clone(good)
	progressive[at+1] = 0xc2
	binary.BigEndian.PutUint16(progressive[at+5:], 6000)
	binary.BigEndian.PutUint16(progressive[at+7:], 6000)
	// Its length is read from the next marker: FF E5.
	frame := slices.Clone(progressive[at : at+2+int(binary.BigEndian.Uint16(progressive[at+2:]))])
	decoy := []byte("\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00")
	app5 := slices.Concat([]byte("\xff\xe5\xff\xff"), bytes.Repeat([]byte{'x'}, 0xffe5-4), decoy)
	app5 = append(app5, make([]byte, 2+0xffff-len(app5))...)
	hidden := slices.Concat([]byte("\xff\xd8\xff\xd0"), app5, progressive[2:at], frame, progressive[at+len(frame):])
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"scan upon scan":         {scans(maxScans + 1), "attachment.broken"},
		"a frame behind another": {hidden, "attachment.too_many_pixels"},
		"a photo of an iPhone":   {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), "attachment.heic"},
		"AVIF":                   {[]byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00"), "attachment.heic"},
		"a film":                 {[]byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00"), "attachment.type"},
		"a program":              {[]byte("MZ\x90\x00"), "attachment.type"},
		"a page":                 {[]byte("<svg onload=alert(1)>"), "attachment.type"},
		"a Word file":            {[]byte("PK\x03\x04"), "attachment.type"},
		"nothing":                {nil, "attachment.type"},
		"cut off":                {good[:len(good)/2], "attachment.broken"},
		"a head alone":           {good[:4], "attachment.broken"},
		"a PNG's head alone":     {bomb(10, 10, 0), "attachment.broken"},
		"no pixels":              {bomb(0, 10, 0), "attachment.broken"},
		"a bomb":                 {bomb(50_000, 50_000, 0), "attachment.too_many_pixels"},
		"a smaller bomb":         {bomb(8_000, 7_500, 0), "attachment.too_many_pixels"},
		"an interlaced bomb":     {bomb(6_000, 5_000, 1), "attachment.too_many_pixels"},
		"a JPEG bomb":            {large, "attachment.too_many_pixels"},
		"a progressive bomb":     {progressive, "attachment.too_many_pixels"},
	} {
		_, err := Kind(c.body)
		if err == nil {
			_, err = NewPicture(c.body)
		}
		var refused *apperr.Error
		if !errors.As(err, &refused) || refused.Reason != c.want || refused.Code != apperr.InvalidArgument {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if _, err := NewPicture(scans(maxScans)); err != nil {
		t.Error("scans that are few enough:", err)
	}
	if kind, err := Kind([]byte("%PDF-1.7\n")); kind != PDF || err != nil {
		t.Error(kind, err)
	}
}

func FuzzPicture(f *testing.F) {
	f.Add(photo(f, 30, 20))
	f.Add(withExif(photo(f, 30, 20), 6, binary.BigEndian))
	f.Add(bomb(300, 200, 1))
	f.Add(encoded(f, image.NewNRGBA(image.Rect(0, 0, 7, 9))))
	f.Fuzz(func(t *testing.T, body []byte) {
		kind, err := Kind(body)
		if err != nil || kind == PDF {
			return
		}
		p, err := NewPicture(body)
		var refused *apperr.Error
		if err != nil {
			if !errors.As(err, &refused) {
				t.Fatal(err)
			}
			return
		}
		m := decode(t, p.Body)
		if m.Bounds().Dx() != p.Width || m.Bounds().Dy() != p.Height || max(p.Width, p.Height) > maxSide {
			t.Fatal(m.Bounds(), p.Width, p.Height)
		}
		decode(t, p.Thumb)
	})
}

func BenchmarkPicture(b *testing.B) {
	body := photo(b, 4000, 3000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewPicture(body); err != nil {
			b.Fatal(err)
		}
	}
}
