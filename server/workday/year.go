package workday

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	// Years that can be loaded: wide enough for any case, narrow enough that a typing error cannot make a
	// Calendar's tables huge.
	firstYear, lastYear = 2000, 2299

	// closureDays is the longest closure. The office was never shut for longer; what looks longer is a typing
	// error, and would put every deadline far into the future.
	closureDays = 60

	// From this day of December on, the next year's notice can still change a day.
	unsettledDay = 20
)

// Year is the State Council's arrangement for one year: only what differs from working Monday to Friday.
//
// Around New Year a notice may also rule the last days of December before it; those days stand in the same two maps
// and are allowed from 20 December on. Loaded together with the year they fall in, the later notice wins.
type Year struct {
	Year        int             `json:"year"`
	Source      string          `json:"source"`       // the notice's number, such as 国办发明电〔2024〕12号, or its title
	PublishedOn Date            `json:"published_on"` // the date under the notice; zero when unknown
	Off         map[Date]string `json:"off"`          // day off → name of the holiday
	Work        map[Date]string `json:"work"`         // make-up working day, a Saturday or Sunday → name
}

// Validate refuses days that do not exist, lie outside the year (and the December days before it that its notice
// can rule), make-up days that are no weekend days, and days that are both off and worked. It tells all problems.
func (y Year) Validate() error {
	if y.Year < firstYear || y.Year > lastYear {
		return fmt.Errorf("年份 %d 不在 %d 到 %d 之间，请核对", y.Year, firstYear, lastYear)
	}
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	inside := func(d Date) bool {
		switch {
		case !d.real():
			problem("%d年节假日：日期 %04d-%02d-%02d 不存在，请核对年月日", y.Year, d.Year, int(d.Month), d.Day)
			return false
		case !y.rules(d):
			problem("%d年节假日：%s 不在这一年（或上一年12月%d日以后），请改正日期，或移到 %d 年的文件里", y.Year, d, unsettledDay, d.Year)
			return false
		}
		return true
	}
	for _, d := range sortedDates(y.Off) {
		if inside(d) && strings.TrimSpace(y.Off[d]) == "" {
			problem("%d年节假日：%s 没有写节日名称，请补上", y.Year, d)
		}
	}
	for _, d := range sortedDates(y.Work) {
		if !inside(d) {
			continue
		}
		if !isWeekend(d.Weekday()) {
			problem("%d年节假日：调休上班日 %s 是%s，调休上班只能在周六或周日，请核对", y.Year, d, weekdayName(d.Weekday()))
		}
		if name, both := y.Off[d]; both {
			problem("%d年节假日：%s 既放假（%s）又上班，请只留一处", y.Year, d, name)
		}
	}
	return errors.Join(problems...)
}

// rules tells whether the year's notice can say something about d.
func (y Year) rules(d Date) bool {
	return d.Year == y.Year || d.Year == y.Year-1 && d.Month == time.December && d.Day >= unsettledDay
}

// Closure is a stretch of days, both ends included, on which the office was shut for a local reason such as a
// typhoon. Its days are not worked, whatever the notice says.
type Closure struct {
	From   Date   `json:"from"`
	To     Date   `json:"to"`
	Reason string `json:"reason"`
}

// Validate refuses a closure without reason, with its ends reversed, or longer than 60 days.
func (c Closure) Validate() error {
	for _, d := range [2]Date{c.From, c.To} {
		if !d.real() || d.Year < firstYear || d.Year > lastYear {
			return fmt.Errorf("停止办公的日期“%s”不对，请写 %d 到 %d 年之间的起止日期", d, firstYear, lastYear)
		}
	}
	switch days := c.To.number() - c.From.number() + 1; {
	case days < 1:
		return fmt.Errorf("停止办公的起止日期颠倒：%s 晚于 %s，请对调", c.From, c.To)
	case days > closureDays:
		return fmt.Errorf("停止办公从 %s 到 %s 共 %d 天，最多 %d 天，请核对日期", c.From, c.To, days, closureDays)
	case strings.TrimSpace(c.Reason) == "":
		return fmt.Errorf("%s 起停止办公没有写原因，请补上，例如“台风停工”", c.From)
	}
	return nil
}

func sortedDates(days map[Date]string) []Date {
	return slices.SortedFunc(maps.Keys(days), Date.Compare)
}

func weekdayName(w time.Weekday) string {
	return [...]string{"周日", "周一", "周二", "周三", "周四", "周五", "周六"}[w]
}
