package blob

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"

	"xiaopu/server/apperr"
)

// The media types that are kept.
const (
	JPEG = "image/jpeg"
	PNG  = "image/png"
	PDF  = "application/pdf"
)

// MaxBytes is the largest file that is taken: a photo of any phone, a scan of some dozen pages.
const MaxBytes = 10 << 20

const (
	maxSide    = 2560      // of a kept picture, in pixels: text on a photographed page can be read
	thumbSide  = 320       // of the small one, for lists
	maxPixels  = 64 << 20  // of what comes in
	maxDecoded = 200 << 20 // bytes that decoding may take
	maxScans   = 64        // of a JPEG: cameras write 1, programs about 10; each costs a pass over the whole picture
	maxPNG     = 4 << 20   // bytes of a kept PNG: a larger one is a photo, and kept as JPEG
	quality    = 85        // of a kept JPEG
)

// Kind gives the media type by what a file holds, whatever it is called: JPEG, PNG or PDF. Anything else is refused with what
// to do about it: attachment.heic, attachment.type.
func Kind(body []byte) (string, error) {
	switch {
	case bytes.HasPrefix(body, []byte("\xff\xd8\xff")):
		return JPEG, nil
	case bytes.HasPrefix(body, []byte("\x89PNG\r\n\x1a\n")):
		return PNG, nil
	case bytes.HasPrefix(body, []byte("%PDF-")):
		return PDF, nil
	case len(body) >= 12 && string(body[4:8]) == "ftyp":
		switch string(body[8:12]) {
		case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif":
			return "", apperr.New(apperr.InvalidArgument, "attachment.heic", "这张照片是 HEIC 格式，其他人可能打不开。请在手机“设置→相机→格式”中选“兼容性最佳”后重拍，或打开照片截一张图，再上传截图。")
		}
	}
	return "", apperr.New(apperr.InvalidArgument, "attachment.type", "这个文件不是能上传的类型。照片请用 JPG 或 PNG；文件（限工作人员）请另存为 PDF。")
}

var errBrokenPicture = apperr.New(apperr.InvalidArgument, "attachment.broken", "图片打不开：可能已损坏或没有存完整。请重新拍摄或另选一张后上传。")

// Picture is what is kept of a picture.
type Picture struct {
	Type          string // JPEG or PNG
	Body          []byte
	Thumb         []byte // a small JPEG
	Width, Height int
}

// NewPicture makes what is kept of a JPEG or PNG. attachment.broken for one that cannot be decoded whole,
// attachment.too_many_pixels for one that would take too much memory; what that would be is reckoned before it is decoded.
func NewPicture(body []byte) (Picture, error) {
	c, format, err := image.DecodeConfig(bytes.NewReader(body))
	if err != nil || c.Width <= 0 || c.Height <= 0 {
		return Picture{}, errBrokenPicture.With(err)
	}
	head := headOf(body, format)
	if head.scans > maxScans {
		return Picture{}, errBrokenPicture
	}
	if int64(c.Width)*int64(c.Height) > maxPixels || int64(c.Width)*int64(c.Height)*head.bytesPerPixel(c.ColorModel) > maxDecoded {
		return Picture{}, apperr.New(apperr.InvalidArgument, "attachment.too_many_pixels", "图片太大（%d×%d 像素）。请用手机相机的普通模式拍摄，或截图后上传。", c.Width, c.Height)
	}
	decoded, _, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		return Picture{}, errBrokenPicture.With(err)
	}
	kept := upright(shrunk(decoded, maxSide), head.orientation)
	p := Picture{Width: kept.Rect.Dx(), Height: kept.Rect.Dy()}
	var out bytes.Buffer
	if format == "png" {
		if err := png.Encode(&out, kept); err != nil {
			return Picture{}, err
		}
		p.Type = PNG
	}
	small := shrunk(kept, thumbSide)
	if format != "png" || out.Len() > maxPNG {
		out.Reset()
		if err := jpeg.Encode(&out, onWhite(kept), &jpeg.Options{Quality: quality}); err != nil {
			return Picture{}, err
		}
		p.Type = JPEG
	}
	p.Body = out.Bytes()
	var thumb bytes.Buffer
	if err := jpeg.Encode(&thumb, onWhite(small), &jpeg.Options{Quality: quality}); err != nil {
		return Picture{}, err
	}
	p.Thumb = thumb.Bytes()
	return p, nil
}

// head is what the head of a file tells beside its size.
type head struct {
	format      string
	orientation int // as EXIF counts: 1 is upright
	// progressive or interlaced: the decoder keeps the whole picture twice.
	stepwise bool
	// samples is how many samples a pixel has in a JPEG, times 100: 150 where colours are halved both ways, 300 for none.
	samples int64
	// scans is how often a JPEG goes over the picture, at most: what looks like the start of a scan counts.
	scans int
}

// bytesPerPixel is what the decoders of image/jpeg and image/png allocate for a pixel.
func (h head) bytesPerPixel(m color.Model) int64 {
	if h.format == "jpeg" {
		per := (h.samples + 99) / 100
		if h.stepwise {
			per += 4 * h.samples / 100 // coefficients of 32 bits
		}
		if m == color.CMYKModel {
			per += 4
		}
		return max(per, 1)
	}
	per := int64(4)
	if m == color.RGBA64Model || m == color.NRGBA64Model {
		per = 8
	}
	if h.stepwise {
		per *= 2
	}
	return per
}

// headOf reads a head. What cannot be understood counts as the worst, and so does what a decoder passes over between
// segments: it could hide from here the frame that the decoder finds.
func headOf(body []byte, format string) head {
	if format != "jpeg" {
		return head{format: format, orientation: 1, stepwise: len(body) < 29 || body[28] != 0}
	}
	h := head{format: format, orientation: 1, stepwise: true, samples: 400, scans: bytes.Count(body, []byte("\xff\xda"))}
	for at := 2; at+4 <= len(body); {
		if body[at] != 0xff {
			return h
		}
		marker := body[at+1]
		if marker == 0xff { // padding
			at++
			continue
		}
		if marker <= 0x01 || marker >= 0xd0 && marker <= 0xd9 { // they have no length
			return h
		}
		length := int(binary.BigEndian.Uint16(body[at+2:]))
		if length < 2 || at+2+length > len(body) || marker == 0xda {
			return h
		}
		segment := body[at+4 : at+2+length]
		switch {
		case marker == 0xe1 && h.orientation == 1:
			h.orientation = orientation(segment)
		case marker >= 0xc0 && marker <= 0xc2:
			h.stepwise = marker == 0xc2
			h.samples = samples(segment)
			return h
		}
		at += 2 + length
	}
	return h
}

// samples reads how many samples a pixel has from a start of frame, times 100.
func samples(frame []byte) int64 {
	const worst = 400
	if len(frame) < 6 || len(frame) < 6+3*int(frame[5]) {
		return worst
	}
	var sum, most int64
	for i := range int(frame[5]) {
		hv := frame[6+3*i+1]
		n := int64(hv>>4) * int64(hv&15)
		sum += n
		most = max(most, n)
	}
	if most == 0 {
		return worst
	}
	return min((100*sum+most-1)/most, worst)
}

// orientation reads how a camera was held from an Exif segment: 1 where it does not say.
func orientation(segment []byte) int {
	tiff, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00"))
	if !ok || len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		const entry, tag = 12, 0x0112
		if len(entries) < entry {
			return 1
		}
		if order.Uint16(entries) == tag {
			if o := int(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
		entries = entries[entry:]
	}
	return 1
}

// shrunk gives a picture whose longer side is at most side, each pixel the mean of those it stands for. It takes the memory of
// one row beside the result's.
func shrunk(src image.Image, side int) *image.RGBA {
	from := src.Bounds()
	w, h := from.Dx(), from.Dy()
	dw, dh := w, h
	if long := max(w, h); long > side {
		dw, dh = max(1, w*side/long), max(1, h*side/long)
	}
	out := image.NewRGBA(image.Rect(0, 0, dw, dh))
	if dw == w && dh == h {
		draw.Draw(out, out.Rect, src, from.Min, draw.Src)
		return out
	}
	row := image.NewRGBA(image.Rect(0, 0, w, 1))
	sums, next := make([]float32, 4*dw), make([]float32, 4*dw)
	kx, ky := float32(dw)/float32(w), float32(dh)/float32(h)
	y := 0
	for sy := range h {
		draw.Draw(row, row.Rect, src, image.Pt(from.Min.X, from.Min.Y+sy), draw.Src)
		// Where this row ends in the result, and which share of it lies in the row there that is being summed up.
		share := float32(1)
		end := float32(sy+1) * ky
		over := end >= float32(y+1) || sy == h-1
		if over {
			share = min(1, max(0, (float32(y+1)-float32(sy)*ky)/ky))
		}
		addRow(sums, row.Pix, kx, ky*share)
		if !over {
			continue
		}
		finishRow(out.Pix[y*out.Stride:], sums)
		if y++; y == dh {
			break
		}
		clear(next)
		addRow(next, row.Pix, kx, ky*(1-share))
		sums, next = next, sums
	}
	return out
}

// addRow adds a row of pixels to a row of fewer, each as much as lies in it.
func addRow(sums []float32, pix []byte, kx, weight float32) {
	if weight <= 0 {
		return
	}
	last := len(sums)/4 - 1
	for x := range len(pix) / 4 {
		from, to := float32(x)*kx, float32(x+1)*kx
		first := min(int(from), last)
		inFirst := kx
		if edge := float32(first + 1); to > edge && first < last {
			inFirst = edge - from
		}
		for c := range 4 {
			v := float32(pix[4*x+c]) * weight
			sums[4*first+c] += v * inFirst
			if inFirst < kx {
				sums[4*(first+1)+c] += v * (kx - inFirst)
			}
		}
	}
}

func finishRow(pix []byte, sums []float32) {
	for i, v := range sums {
		pix[i] = byte(min(255, v+0.5))
	}
}

// upright turns a picture as EXIF says that it was held.
func upright(src *image.RGBA, orientation int) *image.RGBA {
	if orientation <= 1 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	ow, oh := w, h
	if orientation >= 5 {
		ow, oh = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, ow, oh))
	for y := range oh {
		for x := range ow {
			sx, sy := x, y
			switch orientation {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, h-1-x
			case 7:
				sx, sy = w-1-y, h-1-x
			case 8:
				sx, sy = w-1-y, x
			}
			copy(out.Pix[out.PixOffset(x, y):][:4], src.Pix[src.PixOffset(sx, sy):][:4])
		}
	}
	return out
}

// onWhite gives a picture without transparency.
func onWhite(src *image.RGBA) *image.RGBA {
	if src.Opaque() {
		return src
	}
	out := image.NewRGBA(src.Rect)
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(out, out.Rect, src, src.Rect.Min, draw.Over)
	return out
}
