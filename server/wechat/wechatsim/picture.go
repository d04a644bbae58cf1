package wechatsim

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"net/http"
	"net/netip"
	"net/url"
)

// What the stand-in finds in a picture, by its colour: one that is red as a whole is not to be taken, a yellow one wants a person to look.

const maxPicture = 10 << 20 // bytes that the platform fetches

var (
	errNotHere   = errors.New("wechatsim: pictures are fetched from this machine only")
	errNoPicture = errors.New("wechatsim: no picture")
)

// fetch gets a picture as the platform does, with no header that lets in. Unlike the platform it reaches this machine alone.
func (s *Server) fetch(address string) (image.Image, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if host, err := netip.ParseAddr(u.Hostname()); u.Hostname() != "localhost" && (err != nil || !host.IsLoopback()) {
		return nil, errNotHere
	}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	got, err := s.pictures.Do(r)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	body, err := io.ReadAll(io.LimitReader(got.Body, maxPicture+1))
	if err != nil {
		return nil, err
	}
	if got.StatusCode != http.StatusOK || len(body) > maxPicture {
		return nil, errNoPicture
	}
	img, _, err := image.Decode(bytes.NewReader(body))
	return img, err
}

// judge suggests what to do with a picture.
func judge(img image.Image) result {
	const steps = 16 // points looked at in each direction
	var red, green, blue, n uint32
	b := img.Bounds()
	for y := range steps {
		for x := range steps {
			r, g, bl, _ := img.At(b.Min.X+b.Dx()*x/steps, b.Min.Y+b.Dy()*y/steps).RGBA()
			red, green, blue, n = red+r>>8, green+g>>8, blue+bl>>8, n+1
		}
	}
	red, green, blue = red/n, green/n, blue/n
	const high, low = 170, 100
	switch {
	case red > high && green < low && blue < low:
		return result{"risky", 20002}
	case red > high && green > high && blue < low:
		return result{"review", 20002}
	}
	return result{"pass", 100}
}
