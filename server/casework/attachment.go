package casework

import (
	"regexp"
	"slices"
	"time"
)

// File is what a case keeps of an attachment: enough to find it and to tell whether it was changed since, nothing personal. The
// event that brings it in holds it, so that its hash stands in the chain.
type File struct {
	SHA256 string    `json:"sha256"` // of the kept bytes, in hex
	Type   string    `json:"type"`   // media type
	Size   int64     `json:"size"`   // bytes
	With   Name      `json:"with"`   // the command that it came with
	By     string    `json:"by"`     // person id
	At     time.Time `json:"at"`
	// Public ones are shown to the requesters.
	Public bool `json:"public,omitempty"`
	// TicketID is the ticket whose requester brought it: it goes with what names them.
	TicketID string `json:"ticket_id,omitempty"`
	// Review is where what a resident brought stands, before others see it.
	Review ContentReview `json:"review,omitempty"`
}

// Bounds of a case's attachments (decision): what several years of a hard case take, far below what a folder bears.
const (
	maxFiles     = 200
	maxFileBytes = 500 << 20
)

// carrier is a command that brings attachments along.
type carrier interface{ attached() []string }

// AttachmentsOf lists the ids of attachments that a command names, each once.
func AttachmentsOf(cmd Command) []string {
	c, ok := cmd.(carrier)
	if !ok {
		return nil
	}
	ids := slices.Clone(c.attached())
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Attached is what a command brings along: the actor's own uploads that are in no case yet, or what is in this one.
type Attached struct {
	Attachments []string `json:"attachments,omitempty" maxItems:"20" doc:"附件的 id：上传完成、尚未使用的，或本难事已有的"`
}

func (a Attached) attached() []string { return a.Attachments }

func (m Submit) attached() []string     { return attachmentsAmong(m.Evidence) }
func (m FinishTask) attached() []string { return attachmentsAmong(m.Evidence) }

// attachmentID is how attachments are named; other evidence is named in words.
var attachmentID = regexp.MustCompile(`^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$`)

func attachmentsAmong(evidence []string) []string {
	return slices.DeleteFunc(slices.Clone(evidence), func(s string) bool { return !attachmentID.MatchString(s) })
}

// attach puts what came with a command on the case.
func (d *draft) attach(cmd Command, public bool) error {
	ids := AttachmentsOf(cmd)
	if len(ids) == 0 {
		return nil
	}
	size := int64(0)
	for _, f := range d.c.Files {
		size += f.Size
	}
	for _, id := range ids {
		f, have := d.c.Files[id]
		if !have {
			var known bool
			if f, known = d.env.Files[id]; !known {
				return invalid("case.attachment", "有附件不存在、还没有上传完成或已用在别处，请重新上传后再提交。")
			}
			f.With, f.By, f.At = cmd.Name(), d.actor.PersonID, d.at
			size += f.Size
		}
		if f.Review != ReviewRefused {
			f.Public = f.Public || public
		}
		put(&d.c.Files, id, f)
	}
	if len(d.c.Files) > maxFiles || size > maxFileBytes {
		return notNow("case.attachments_full", "一件难事最多 %d 份、合计 %d MB 附件，已经放不下；请只附必要的，或把材料合并成一份 PDF。", maxFiles, maxFileBytes>>20)
	}
	return nil
}

// SeesFile reports whether somebody who sees the case with this sight sees an attachment: staff each, a requester what is public
// and what they brought themselves. What waits for a review, or was refused by one, the centre alone sees beside them.
func SeesFile(f File, a Actor, sight Sight) bool {
	if _, centre := a.as(Centre, ""); f.Review != "" && f.By != a.PersonID && !centre {
		return false
	}
	switch sight {
	case Full:
		return true
	case AsRequester:
		return f.Public || f.By != "" && f.By == a.PersonID
	}
	return false
}

// moveFiles moves entries from one case to another.
func moveFiles(from, to *Case, ids []string) {
	for _, id := range ids {
		if f, still := from.Files[id]; still {
			put(&to.Files, id, f)
			delete(from.Files, id)
		}
	}
	if len(from.Files) == 0 {
		from.Files = nil
	}
}
