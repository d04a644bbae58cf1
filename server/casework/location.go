package casework

import (
	"log/slog"
	"strings"

	"xiaopu/server/apperr"
)

// Location is a point on a map (位置), in the coordinates that WeChat uses (GCJ-02), with what the map calls it. It may be somebody's home, so it
// stands in no case and in no event: it comes beside a command, and lies sealed in a table of its own.
type Location struct {
	Latitude  float64 `json:"latitude" doc:"纬度，微信地图所用的坐标（GCJ-02）"`
	Longitude float64 `json:"longitude" doc:"经度"`
	Accuracy  float64 `json:"accuracy,omitempty" doc:"误差，米；在地图上选的没有"`
	Name      string  `json:"name,omitempty" maxLength:"100" doc:"地图上的名称"`
	Address   string  `json:"address,omitempty" maxLength:"200" doc:"地图上的地址"`
}

// Bounds of a location (decision): China's, with room. A street has no boundaries here that could be tighter.
const (
	south, north, west, east = 3, 54, 73, 136
	leastExact               = 100_000 // metres
)

// Check refuses what cannot be a place in this country: a phone that does not know where it is says 0, 0.
func (l Location) Check() error {
	if l.Latitude >= south && l.Latitude <= north && l.Longitude >= west && l.Longitude <= east && l.Accuracy >= 0 && l.Accuracy <= leastExact {
		return nil
	}
	return errLocation
}

const badLocation = "位置不对：没有经纬度，或不在国内。请删去重新选；选不了的，写清在哪里、选好村居即可，不必标位置。"

var errLocation = &apperr.Error{Code: apperr.InvalidArgument, Reason: "location.invalid", Message: badLocation, Fields: []apperr.Field{{Name: "location", Message: badLocation}}}

// Words is what the map calls it.
func (l Location) Words() string { return strings.TrimSpace(l.Name + " " + l.Address) }

// String shows nothing of it.
func (l Location) String() string { return "（位置）" }

// GoString is String.
func (l Location) GoString() string { return l.String() }

// LogValue is String.
func (l Location) LogValue() slog.Value { return slog.StringValue(l.String()) }
