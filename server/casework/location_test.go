package casework

import (
	"fmt"
	"math"
	"testing"

	"xiaopu/server/apperr"
)

func TestALocationLiesInThisCountry(t *testing.T) {
	for name, c := range map[string]struct {
		l  Location
		ok bool
	}{
		"the street":                     {Location{Latitude: 30.9187, Longitude: 121.4738, Accuracy: 20}, true},
		"a phone that does not know":     {Location{}, false},
		"the two the other way round":    {Location{Latitude: 121.4738, Longitude: 30.9187}, false},
		"no number":                      {Location{Latitude: math.NaN(), Longitude: 121.4738}, false},
		"without end":                    {Location{Latitude: 30.9187, Longitude: math.Inf(1)}, false},
		"another country":                {Location{Latitude: 48.85, Longitude: 2.35}, false},
		"an accuracy that cannot be":     {Location{Latitude: 30.9187, Longitude: 121.4738, Accuracy: -1}, false},
		"an accuracy that is no number":  {Location{Latitude: 30.9187, Longitude: 121.4738, Accuracy: math.NaN()}, false},
		"somewhere within many villages": {Location{Latitude: 30.9187, Longitude: 121.4738, Accuracy: 200_000}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.l.Check(); (err == nil) != c.ok || !c.ok && apperr.ReasonOf(err) != "location.invalid" {
				t.Error(err)
			}
		})
	}
	l := Location{Latitude: 30.9187, Longitude: 121.4738, Name: "望舒里"}
	for _, got := range []string{fmt.Sprint(l), fmt.Sprintf("%+v", l), fmt.Sprintf("%#v", l), l.LogValue().String()} {
		if got != "（位置）" {
			t.Errorf("%s tells where it is", got)
		}
	}
}
