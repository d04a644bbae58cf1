package intake

import (
	"context"
	"encoding/json"

	"xiaopu/server/ticket"
)

// settings are what an import was told beside its source. They are kept with it: one that goes on later goes on as it began,
// whatever has become of its profile.
type settings struct {
	Profile ticket.Profile `json:"profile"`
}

func (s settings) encode() (json.RawMessage, error) { return json.Marshal(s) }

func readSettings(raw json.RawMessage) (s settings, err error) {
	if len(raw) > 0 {
		err = json.Unmarshal(raw, &s)
	}
	return s, err
}

// find reads the header by a profile, or by the one of the source that fits best.
func (im *Importer) find(ctx context.Context, source ticket.Source, p *ticket.Profile) (finder, error) {
	if p != nil {
		return by(*p), nil
	}
	profiles, err := im.Engine.ProfilesToTry(ctx, source, "")
	return among(profiles), err
}

// find reads the header by the profile of this name, or by the one of the source that fits best.
func (j *Jobs) find(ctx context.Context, source ticket.Source, name string) (finder, error) {
	profiles, err := j.Engine.ProfilesToTry(ctx, source, name)
	if err != nil || name == "" {
		return among(profiles), err
	}
	return by(profiles[0]), nil
}
