package workflow

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/matter"
	"xiaopu/server/organisation"
	"xiaopu/server/recognition"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// Place is an entry of the gazetteer (地名库): a place or a party as the street names it.
type Place struct {
	Name    string    `json:"name" minLength:"2" maxLength:"100" doc:"名称，如 望舒里小区"`
	Kind    PlaceKind `json:"kind" enum:"estate,road,community,company,other" doc:"类别"`
	Aliases []string  `json:"aliases,omitempty" maxItems:"20" doc:"别名、简称、旧名"`
}

// PlaceKind says what an entry of the gazetteer is.
type PlaceKind string

// The kinds of entry.
const (
	EstatePlace    PlaceKind = "estate"
	RoadPlace      PlaceKind = "road"
	CommunityPlace PlaceKind = "community"
	CompanyPlace   PlaceKind = "company"
	OtherPlace     PlaceKind = "other"
)

// PlaceKinds lists every kind.
var PlaceKinds = []PlaceKind{EstatePlace, RoadPlace, CommunityPlace, CompanyPlace, OtherPlace}

// Label is the kind in Chinese.
func (k PlaceKind) Label() string {
	return map[PlaceKind]string{EstatePlace: "小区", RoadPlace: "道路", CommunityPlace: "村居", CompanyPlace: "企业", OtherPlace: "其他"}[k]
}

// PlaceEntry is an entry with what is known of it.
type PlaceEntry struct {
	Place
	KindLabel string    `json:"kind_label"`
	ChangedAt time.Time `json:"changed_at" doc:"最近一次变动的时间"`
	ChangedBy string    `json:"changed_by,omitempty" doc:"由谁变动；命令行载入的为空"`
	Removed   bool      `json:"removed" doc:"已移出地名库，留作记录"`
}

// GazetteerLoaded says what loading a list changed.
type GazetteerLoaded struct {
	Added     int `json:"added" doc:"新增的条目"`
	Changed   int `json:"changed" doc:"更改的条目"`
	Removed   int `json:"removed" doc:"移出的条目"`
	Unchanged int `json:"unchanged" doc:"没有变化的条目"`
}

// maxPlaces is how many entries a gazetteer has at most: a street has some hundred.
const maxPlaces = 20_000

// checkPlaces refuses a list that names something twice, or says too little.
func checkPlaces(list []Place) error {
	if len(list) > maxPlaces {
		return apperr.New(apperr.InvalidArgument, "gazetteer.too_many", "地名库最多 %d 条。", maxPlaces)
	}
	seen, read := map[string]string{}, map[string]string{} // as written, and as it is read
	for i, p := range list {
		if !slices.Contains(PlaceKinds, p.Kind) {
			return apperr.New(apperr.InvalidArgument, "gazetteer.kind", "第 %d 条“%s”：类别只能是 estate（小区）、road（道路）、community（村居）、company（企业）、other（其他）。", i+1, p.Name)
		}
		for _, n := range append([]string{p.Name}, p.Aliases...) {
			if k := len([]rune(n)); k < 2 || k > 100 || strings.TrimSpace(n) != n {
				return apperr.New(apperr.InvalidArgument, "gazetteer.name", "第 %d 条“%s”：名称和别名为 2 至 100 个字，前后没有空格。", i+1, n)
			}
			other, twice := seen[n]
			key := recognition.Place(ticket.Ticket{Community: n})
			if same := read[key]; same != "" && same != p.Name {
				other, twice = same, true
			}
			if twice {
				return apperr.New(apperr.InvalidArgument, "gazetteer.twice", "“%s”出现了两次（%s、%s）：一个名称只能指一处，“小区”二字不算。", n, other, p.Name)
			}
			seen[n], read[key] = p.Name, p.Name
		}
	}
	return nil
}

// NamesOf gives what the recognition of matters knows of a list of places, for those who have no database.
func NamesOf(list []Place) (g matter.Gazetteer, _ error) {
	for _, p := range list {
		g = append(g, matter.Entry{Name: p.Name, Aliases: p.Aliases})
	}
	return g, checkPlaces(list)
}

// LoadGazetteer makes the list given the street's gazetteer: what it leaves out is removed. Loading the same again changes
// nothing. Every process makes its index of matters anew with it; a restarted one does so before it takes a ticket in, one
// that runs within some seconds.
func (e *Engine) LoadGazetteer(ctx context.Context, actor casework.Actor, list []Place) (out GazetteerLoaded, err error) {
	if err := checkPlaces(list); err != nil {
		return out, err
	}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return out, err
	}
	now := e.Now(k)
	err = e.db.InTxAgain(ctx, func(ctx context.Context, tx *store.Tx) error {
		out = GazetteerLoaded{}
		stored, err := tx.Gazetteer(ctx)
		if err != nil {
			return err
		}
		have := map[string]store.GazetteerEntry{}
		for _, g := range stored {
			have[g.Name] = g
		}
		var changed []store.GazetteerEntry
		for _, p := range list {
			was, known := have[p.Name]
			delete(have, p.Name)
			switch {
			case known && !was.Removed && was.Kind == string(p.Kind) && slices.Equal(was.Aliases, p.Aliases):
				out.Unchanged++
				continue
			case known && !was.Removed:
				out.Changed++
			default:
				out.Added++
			}
			changed = append(changed, store.GazetteerEntry{Name: p.Name, Kind: string(p.Kind), Aliases: p.Aliases, ChangedAt: now, ChangedBy: actor.PersonID})
		}
		for _, name := range sorted(have) {
			if g := have[name]; !g.Removed {
				g.Removed, g.ChangedAt, g.ChangedBy = true, now, actor.PersonID
				changed = append(changed, g)
				out.Removed++
			}
		}
		if len(changed) == 0 {
			return nil
		}
		if err := tx.PutGazetteer(ctx, changed); err != nil {
			return err
		}
		return e.RecordIn(ctx, tx, Audited{Actor: actor.PersonID, Action: "gazetteer.load", Object: "gazetteer", Detail: map[string]string{
			"added": strconv.Itoa(out.Added), "changed": strconv.Itoa(out.Changed), "removed": strconv.Itoa(out.Removed),
		}})
	})
	if err != nil {
		return out, err
	}
	_, err = e.Refresh(ctx)
	return out, err
}

// Gazetteer lists the entries of the gazetteer, by name; those that were removed only when asked for.
func (e *Engine) Gazetteer(ctx context.Context, removed bool) ([]PlaceEntry, error) {
	stored, err := e.db.Gazetteer(ctx)
	list := []PlaceEntry{}
	for _, g := range stored {
		if g.Removed && !removed {
			continue
		}
		kind := PlaceKind(g.Kind)
		list = append(list, PlaceEntry{
			Place: Place{Name: g.Name, Kind: kind, Aliases: g.Aliases}, KindLabel: kind.Label(), ChangedAt: g.ChangedAt, ChangedBy: g.ChangedBy, Removed: g.Removed,
		})
	}
	return list, err
}

// loadGazetteer gives what the index of matters knows of names: the gazetteer, and the communities of the organisation.
func (e *Engine) loadGazetteer(ctx context.Context, o *organisation.Organisation) (matter.Gazetteer, error) {
	stored, err := e.db.Gazetteer(ctx)
	if err != nil {
		return nil, err
	}
	var g matter.Gazetteer
	named := map[string]bool{}
	for _, s := range stored {
		if !s.Removed {
			named[s.Name] = true
			g = append(g, matter.Entry{Name: s.Name, Aliases: s.Aliases})
		}
	}
	for _, c := range o.Communities() {
		if !named[c.Name] {
			g = append(g, matter.Entry{Name: c.Name, Aliases: c.Aliases})
		}
	}
	return g, nil
}
