package recognition

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"xiaopu/server/matter"
	"xiaopu/server/ticket"
)

// Description is a ticket as Matters reads it. It is masked: neither the index nor the words of a reason tell what names or
// reaches a person. The orders that it links to are not in it: whose they are, the importer looks up.
type Description struct {
	matter.Doc
	site site
}

// Describe describes a ticket; requester is the key of who asks.
func Describe(t ticket.Ticket, requester string) Description {
	community := strings.TrimSpace(t.Community)
	if slices.Contains(noCommunity, ticket.Fold(community)) {
		community = ""
	}
	return Description{
		Doc: matter.Doc{
			ID: t.ID, Person: requester, Title: bare(t.Masked(t.Title)), Text: bare(t.Masked(outside(t.Content))),
			Place: bare(strings.TrimSpace(t.Masked(community) + " " + ticket.MaskAddress(t.Address))), Category: deepest(&t), Order: t.OrderNo, At: t.AcceptedAt,
		},
		site: siteOf(&t),
	}
}

// Says reports whether two descriptions of one ticket say the same.
func (d Description) Says(o Description) bool {
	return d.Person == o.Person && d.Title == o.Title && d.Text == o.Text && d.Place == o.Place && d.Category == o.Category && d.At.Equal(o.At) && d.site == o.site
}

// bare is a masked text without what masking has left of a number.
func bare(text string) string {
	if !strings.Contains(text, "*") {
		return text
	}
	return masked.ReplaceAllString(text, "")
}

var masked = regexp.MustCompile(`[0-9０-９-]*\*+[0-9０-９]*室?`)

// deepest is the deepest level of the source's own category that says something.
func deepest(t *ticket.Ticket) string {
	for _, c := range slices.Backward(t.Category[:]) {
		if c = ticket.Fold(c); c != "" && !vague[c] {
			return c
		}
	}
	return ""
}

// site is what a ticket's columns, or failing them its words, say of where its matter is and of what kind; keys, and the
// words that a reason shows.
type site struct {
	estate, road string // keys; "" where nothing says
	kind         string // the two deepest levels of the category
	name         string // of the place, as it is written
}

func siteOf(t *ticket.Ticket) site {
	s := site{kind: category(t), road: numberedRoad(t.Address)}
	if where := place(t); where != "" {
		s.name = bare(ticket.MaskText(where))
		if key := placeKey(where); isRoad(key) {
			if s.road == "" {
				s.road = key
			}
		} else {
			s.estate = key
		}
	}
	return s
}

func isRoad(place string) bool {
	r, _ := utf8.DecodeLastRuneInString(place)
	return strings.ContainsRune("弄号巷路道街", r)
}

// numberedRoad is the first road of an address with its number, up to the lane or the gate.
func numberedRoad(address string) string {
	rs := make([]rune, 0, len(address))
	for _, r := range address {
		if r, keep := narrowRune(r); keep && len(rs) < placeRunes {
			rs = append(rs, r)
		}
	}
	for i, r := range rs {
		if r == '路' || r == '道' || r == '街' {
			if road, numbered := roadEnding(rs, i); numbered {
				return placeKey(road)
			}
		}
	}
	return ""
}

// other reports whether two sites are two places; not where one of them does not say.
func (s site) other(o site) bool {
	if s.estate != "" && o.estate != "" {
		return s.estate != o.estate
	}
	return s.road != "" && o.road != "" && s.road != o.road
}
