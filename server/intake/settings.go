package intake

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"xiaopu/server/apperr"
	"xiaopu/server/ticket"
)

// Listing says that a file is a list of later facts about tickets that are in. The zero Listing is a file of tickets.
type Listing struct {
	List ticket.List `json:"list,omitempty"`
	// On is the day the list is of, as 2026-11-20. "" takes the one in the title above the header, or else in the file's name;
	// a row that names a day of its own is of that.
	On string `json:"on,omitempty"`
	// Create takes rows in as tickets whose order is not in yet, where they have what a ticket needs.
	Create bool `json:"create,omitempty"`
}

func (l Listing) check() error {
	if l.List != "" && !l.List.Valid() {
		return apperr.New(apperr.InvalidArgument, "import.list", "没有清单“%s”，可选 dissatisfied 不满意件、unresolved 未解决件、reassigned 重新交办、not_contacted 未先行联系件。", l.List)
	}
	if l.List == "" && (l.On != "" || l.Create) {
		return apperr.New(apperr.InvalidArgument, "import.list", "清单日期和新建工单只用于清单，请同时说明是哪种清单。")
	}
	if l.On != "" && ticket.DayIn(l.On) != l.On {
		return apperr.New(apperr.InvalidArgument, "import.listed_on", "清单日期要写成 2026-11-20 这样的日期。")
	}
	return nil
}

// dated is the listing with the day that the sheet's title or the file's name tells.
func (l Listing) dated(s *Sheet, headerRow int, fileName string) Listing {
	if l.List == "" || l.On != "" {
		return l
	}
	l.On = cmp.Or(titleDay(s, headerRow), ticket.DayIn(fileName))
	return l
}

// titleDay is the day that the rows above a header tell; "" when they tell none.
func titleDay(s *Sheet, headerRow int) string {
	var title strings.Builder
	for _, row := range s.Head()[:headerRow-1] {
		title.WriteString(strings.Join(row, " ") + "\n")
	}
	return ticket.DayIn(title.String())
}

// settings are what an import was told beside its source. They are kept with it: one that goes on later goes on as it began,
// whatever has become of its profile.
type settings struct {
	Profile ticket.Profile `json:"profile"`
	Listing
}

func (s settings) encode() (json.RawMessage, error) { return json.Marshal(s) }

func readSettings(raw json.RawMessage) (s settings, err error) {
	if len(raw) > 0 {
		err = json.Unmarshal(raw, &s)
	}
	return s, err
}

// find reads the header by the profile that was settled.
func (s settings) find() finder { return s.by(s.Profile) }

// among finds the header by the best fitting of some profiles, or by the synonyms alone.
func (l Listing) among(profiles []ticket.Profile) finder {
	if l.List == "" {
		return among(profiles)
	}
	return func(rows [][]string) (int, ticket.Mapping, error) { return ticket.FindListHeader(rows, profiles...) }
}

// by finds the header by one profile.
func (l Listing) by(p ticket.Profile) finder {
	if l.List == "" {
		return by(p)
	}
	return func(rows [][]string) (int, ticket.Mapping, error) { return ticket.ApplyProfileToList(rows, p) }
}

// find reads the header by a profile, or by the one of the source that fits best.
func (im *Importer) find(ctx context.Context, source ticket.Source, l Listing, p *ticket.Profile) (finder, error) {
	if p != nil {
		return l.by(*p), nil
	}
	profiles, err := im.Engine.ProfilesToTry(ctx, source, "")
	return l.among(profiles), err
}

// find reads the header by the profile of this name, or by the one of the source that fits best.
func (j *Jobs) find(ctx context.Context, source ticket.Source, l Listing, name string) (finder, error) {
	profiles, err := j.Engine.ProfilesToTry(ctx, source, name)
	if err != nil || name == "" {
		return l.among(profiles), err
	}
	return l.by(profiles[0]), nil
}
