package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

// CalendarView is a stretch of days, and what is known about the years.
type CalendarView struct {
	Days     []DayView     `json:"days"`
	Years    []YearView    `json:"years" doc:"已载入的年份"`
	Closures []ClosureView `json:"closures" doc:"有效的本地停工"`
}

// DayView is one day.
type DayView struct {
	On      workday.Date `json:"on"`
	Kind    string       `json:"kind" enum:"working,makeup,weekend,holiday,closure" doc:"working 工作日；makeup 调休上班；weekend 周末；holiday 节假日；closure 本地停工"`
	Working bool         `json:"working" doc:"是否上班"`
	Name    string       `json:"name,omitempty" doc:"节假日、调休或停工的名称"`
	Known   bool         `json:"known" doc:"该年的放假安排已载入；否则按周一至周五推算"`
}

// YearView is a loaded year.
type YearView struct {
	Year        int          `json:"year"`
	Source      string       `json:"source" doc:"通知文号"`
	PublishedOn workday.Date `json:"published_on,omitzero"`
	Edition     int          `json:"edition" doc:"第几次载入"`
	LoadedAt    time.Time    `json:"loaded_at"`
}

// ClosureView is a local closure.
type ClosureView struct {
	ID        string         `json:"id"`
	From      workday.Date   `json:"from"`
	To        workday.Date   `json:"to"`
	Reason    string         `json:"reason"`
	CreatedAt time.Time      `json:"created_at"`
	CreatedBy workflow.Named `json:"created_by"`
}

type calendarInput struct {
	From workday.Date `query:"from" doc:"第一天；不填为今天"`
	To   workday.Date `query:"to" doc:"最后一天；不填为 62 天后，最多 400 天"`
}

const (
	calendarDays    = 62  // shown when the caller does not say
	maxCalendarDays = 400 // a year and some
)

func (s *server) calendar(ctx context.Context, in *calendarInput) (CalendarView, error) {
	k, err := s.engine.Knowledge(ctx)
	if err != nil {
		return CalendarView{}, err
	}
	from, to := in.From, in.To
	if from.IsZero() {
		from = workday.DateOf(s.engine.Now(k))
	}
	if to.IsZero() {
		to = from.AddDays(calendarDays)
	}
	if to.Before(from) || to.After(from.AddDays(maxCalendarDays)) {
		return CalendarView{}, apperr.New(apperr.InvalidArgument, "calendar.range", "最后一天要不早于第一天，一次最多查 %d 天。", maxCalendarDays)
	}
	v := CalendarView{Days: []DayView{}, Years: []YearView{}, Closures: []ClosureView{}}
	for d := from; !d.After(to); d = d.AddDays(1) {
		v.Days = append(v.Days, dayView(k, d))
	}
	for _, y := range k.Years {
		v.Years = append(v.Years, YearView{Year: y.Year.Year, Source: y.Year.Source, PublishedOn: y.Year.PublishedOn, Edition: y.Edition, LoadedAt: y.LoadedAt})
	}
	for _, c := range k.Closures {
		v.Closures = append(v.Closures, closureView(k, c))
	}
	return v, nil
}

func closureView(k *workflow.Knowledge, c store.StoredClosure) ClosureView {
	return ClosureView{
		ID: c.ID, From: c.Closure.From, To: c.Closure.To, Reason: c.Closure.Reason, CreatedAt: c.CreatedAt,
		CreatedBy: workflow.Named{ID: c.CreatedBy, Name: k.Organisation.PersonName(c.CreatedBy)},
	}
}

func dayView(k *workflow.Knowledge, d workday.Date) DayView {
	v := DayView{On: d, Working: k.Calendar.IsWorkingDay(d), Name: k.Calendar.DayName(d), Known: k.Calendar.Known(d.Year)}
	weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
	switch {
	case v.Working && weekend:
		v.Kind = "makeup"
	case v.Working:
		v.Kind = "working"
	case closed(k, d):
		v.Kind = "closure"
	case v.Name != "":
		v.Kind = "holiday"
	default:
		v.Kind = "weekend"
	}
	return v
}

func closed(k *workflow.Knowledge, d workday.Date) bool {
	for _, c := range k.Closures {
		if !d.Before(c.Closure.From) && !d.After(c.Closure.To) {
			return true
		}
	}
	return false
}

type deadlineInput struct {
	From workday.Date `query:"from" required:"true" doc:"起算日，不计入"`
	Days int          `query:"days" required:"true" minimum:"0" maximum:"1000" doc:"多少个工作日"`
}

// Deadline is the close of work of the Nth working day.
type Deadline struct {
	From        workday.Date `json:"from" doc:"起算日，不计入"`
	Days        int          `json:"days" doc:"多少个工作日"`
	DueOn       workday.Date `json:"due_on"`
	DueAt       time.Time    `json:"due_at"`
	Provisional bool         `json:"provisional"`
}

func (s *server) deadline(ctx context.Context, in *deadlineInput) (Deadline, error) {
	k, err := s.engine.Knowledge(ctx)
	if err != nil {
		return Deadline{}, err
	}
	due := k.Calendar.AddWorkingDays(in.From, in.Days)
	return Deadline{From: in.From, Days: in.Days, DueOn: workday.DateOf(due.At), DueAt: due.At, Provisional: due.Provisional}, nil
}

// YearText is a year's arrangement, as the notice's own text or already in order.
type YearText struct {
	Text string        `json:"text,omitempty" maxLength:"65536" doc:"国务院办公厅通知的全文"`
	Year *workday.Year `json:"year,omitempty" doc:"整理好的一年；与 text 二选一"`
}

func (t YearText) parse() (workday.Year, error) {
	if (t.Text == "") == (t.Year == nil) {
		return workday.Year{}, apperr.New(apperr.InvalidArgument, "calendar.which", "请粘贴通知全文（text），或给出整理好的一年（year），二选一。")
	}
	if t.Year != nil {
		return *t.Year, nil
	}
	y, err := workday.ParseNotice(t.Text)
	if err != nil {
		return y, apperr.New(apperr.InvalidArgument, "calendar.notice", "%s。", err.Error())
	}
	return y, nil
}

// YearPreview is what loading a year would change.
type YearPreview struct {
	workflow.CalendarChange
	Confirm string `json:"confirm" doc:"载入时原样交回"`
}

// preview is a year's change with the hash that stands for exactly this change.
func (s *server) preview(ctx context.Context, t YearText) (YearPreview, error) {
	y, err := t.parse()
	if err != nil {
		return YearPreview{}, err
	}
	change, err := s.engine.PreviewYear(ctx, y)
	if err != nil {
		return YearPreview{}, err
	}
	body, err := json.Marshal(change)
	if err != nil {
		return YearPreview{}, err
	}
	sum := sha256.Sum256(body)
	return YearPreview{CalendarChange: change, Confirm: hex.EncodeToString(sum[:16])}, nil
}

func (s *server) previewYear(ctx context.Context, in *struct{ Body YearText }) (YearPreview, error) {
	return s.preview(ctx, in.Body)
}

// NewYear is a year to load, as it was previewed.
type NewYear struct {
	YearText
	Confirm string `json:"confirm" maxLength:"64" doc:"预览给出的 confirm"`
}

// CalendarLoaded is what a change of the calendar did.
type CalendarLoaded struct {
	workflow.CalendarChange
	Swept workflow.Swept `json:"swept" doc:"期限因此重算的难事"`
}

func (s *server) loadYear(ctx context.Context, in *struct{ Body NewYear }) (CalendarLoaded, error) {
	seen, err := s.preview(ctx, in.Body.YearText)
	if err != nil {
		return CalendarLoaded{}, err
	}
	if seen.Confirm != in.Body.Confirm {
		return CalendarLoaded{}, apperr.New(apperr.FailedPrecondition, "calendar.not_previewed", "与预览时不一致（内容或日历已变），请重新预览、核对后再载入。")
	}
	change, err := s.engine.LoadYear(ctx, actorOf(ctx), *seen.Year)
	if err != nil {
		return CalendarLoaded{}, err
	}
	swept, err := s.engine.Sweep(ctx)
	return CalendarLoaded{CalendarChange: change, Swept: swept}, err
}

// NewClosure is a local closure to declare.
type NewClosure struct {
	From   workday.Date `json:"from" doc:"第一天"`
	To     workday.Date `json:"to" doc:"最后一天"`
	Reason string       `json:"reason" minLength:"2" maxLength:"200" doc:"停工原因，如：台风“贝碧嘉”"`
}

func (s *server) addClosure(ctx context.Context, in *struct{ Body NewClosure }) (CalendarLoaded, error) {
	change, err := s.engine.AddClosure(ctx, actorOf(ctx), workday.Closure{From: in.Body.From, To: in.Body.To, Reason: in.Body.Reason})
	if err != nil {
		return CalendarLoaded{}, err
	}
	swept, err := s.engine.Sweep(ctx)
	return CalendarLoaded{CalendarChange: change, Swept: swept}, err
}

type closureInput struct {
	ID string `path:"id" maxLength:"40" doc:"停工的 id"`
}

func (s *server) revokeClosure(ctx context.Context, in *closureInput) (workflow.Swept, error) {
	if err := s.engine.RevokeClosure(ctx, in.ID); err != nil {
		return workflow.Swept{}, err
	}
	return s.engine.Sweep(ctx)
}
