package workday_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/6tail/lunar-go/HolidayUtil"
	"github.com/google/go-cmp/cmp"

	"xiaopu/server/workday"
)

func TestParseNoticeReadsBothNotices(t *testing.T) {
	days := func(name string, list ...string) map[workday.Date]string {
		m := map[workday.Date]string{}
		for _, s := range list {
			first, last, ranged := strings.Cut(s, "..")
			if !ranged {
				last = first
			}
			for d := date(t, first); !d.After(date(t, last)); d = d.AddDays(1) {
				m[d] = name
			}
		}
		return m
	}
	union := func(parts ...map[workday.Date]string) map[workday.Date]string {
		all := map[workday.Date]string{}
		for _, p := range parts {
			maps.Copy(all, p)
		}
		return all
	}
	tests := []struct {
		file string
		want workday.Year
	}{
		{"notice-2025.txt", workday.Year{
			Year: 2025, Source: "国办发明电〔2024〕12号", PublishedOn: date(t, "2024-11-12"),
			Off: union(days("元旦", "2025-01-01"), days("春节", "2025-01-28..2025-02-04"), days("清明节", "2025-04-04..2025-04-06"),
				days("劳动节", "2025-05-01..2025-05-05"), days("端午节", "2025-05-31..2025-06-02"), days("国庆节、中秋节", "2025-10-01..2025-10-08")),
			Work: union(days("春节调休上班", "2025-01-26", "2025-02-08"), days("劳动节调休上班", "2025-04-27"),
				days("国庆节、中秋节调休上班", "2025-09-28", "2025-10-11")),
		}},
		{"notice-2026.txt", workday.Year{
			Year: 2026, Source: "国办发明电〔2025〕7号", PublishedOn: date(t, "2025-11-04"),
			Off: union(days("元旦", "2026-01-01..2026-01-03"), days("春节", "2026-02-15..2026-02-23"), days("清明节", "2026-04-04..2026-04-06"),
				days("劳动节", "2026-05-01..2026-05-05"), days("端午节", "2026-06-19..2026-06-21"), days("中秋节", "2026-09-25..2026-09-27"),
				days("国庆节", "2026-10-01..2026-10-07")),
			Work: union(days("元旦调休上班", "2026-01-04"), days("春节调休上班", "2026-02-14", "2026-02-28"), days("劳动节调休上班", "2026-05-09"),
				days("国庆节调休上班", "2026-09-20", "2026-10-10")),
		}},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, year(t, tt.file)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The same notice as it arrives from web pages, chat windows and typewriters.
func TestParseNoticeReadsHoweverItIsWritten(t *testing.T) {
	original := notice(t, "notice-2026.txt")
	want := year(t, "notice-2026.txt")
	title := want
	title.Source = "国务院办公厅关于2026年部分节假日安排的通知"
	replace := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(original) }
	tests := []struct {
		name, text string
		want       workday.Year
	}{
		{"half-width signs", replace("（", "(", "）", ")", "：", ":", "，", ",", "〔", "[", "〕", "]"), want},
		{"full-width digits", replace("0", "０", "1", "１", "2", "２", "3", "３", "4", "４", "5", "５", "6", "６", "7", "７", "8", "８", "9", "９"), want},
		{"one line without any space", strings.NewReplacer("\n", "", "　", "").Replace(original), want},
		{"a space between all characters", strings.Join(strings.Split(original, ""), " "), want},
		{"broken in the middle of sentences", replace("月", "月\r\n", "至", "\n至 ", "放假", "放\u200b假", "（", "\u00a0（"), want},
		{"no weekday marks", replace("（周四）", "", "（周五）", "", "（周六）", "", "（周日）", "", "（周一）", "", "（周二）", "", "（周三）", ""), want},
		{"星期 for 周", replace("周", "星期", "周日", "星期天"), want},
		{"dashes for 至", replace("至3日", "—3日", "）至", "）——"), want},
		{"the list's numbers lost", replace("一、", "", "二、", "", "三、", "", "四、", "", "五、", "", "六、", "", "七、", ""), want},
		{"the list's numbers changed", replace("一、", "（一）", "二、", "2.", "三、", "- ", "四、", "4、"), want},
		{"years written everywhere", replace("：1月1日", "：2026年1月1日", "至23日", "至2026年2月23日"), want},
		{"make-up days first", replace("1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。", "1月4日（周日）正常上班；1月1日（周四）至3日（周六）放假调休，共计3天。"), want},
		{"one sentence for both", replace("共3天。1月4日", "共3天，1月4日"), want},
		{"single days for a range", replace("6月19日（周五）至21日（周日）放假", "6月19日、20日和21日放假"), want},
		{"no number", replace("国办发明电〔2025〕7号\n", ""), title},
		{"another document's number before its own", "根据国办发明电〔2024〕12号\n" + original, want},
		{"a page's head and foot", "首页 > 政策\n发布时间：2025年11月5日 10:00\n新华社北京11月4日电\n" + original + "\n责任编辑：某某 11月5日 上班\n三、清明节：4月1日放假", want},
		{"no signature but the page's date", strings.ReplaceAll(replace("\n国务院办公厅\n2025年11月4日\n", "\n"), "国办发明电", "成文日期：2025年11月04日\n国办发明电"), want},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := workday.ParseNotice(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseNoticeRefuses(t *testing.T) {
	original := notice(t, "notice-2026.txt")
	tests := []struct {
		name     string
		old, new string // replaced in the notice for 2026
		want     []string
	}{
		{"a wrong number of days", "共9天", "共8天", []string{"“2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共8天”：写的是 8 天，列出的日期却有 9 天"}},
		{"a wrong weekday", "1月4日（周日）", "1月4日（周六）", []string{"“1月4日（周六）上班”：2026-01-04 是周日，不是周六"}},
		{"a make-up day on a weekday", "5月9日（周六）", "5月8日", []string{"“5月8日上班”：调休上班日 2026-05-08 是周五，应是周六或周日"}},
		{"a day that does not exist", "2月28日（周六）", "2月30日", []string{"日期“2月30日”不存在"}},
		{"a day of another year", "2月28日（周六）", "2025年2月22日", []string{"2025-02-22 不在 2026 年"}},
		{"ends reversed", "1日（周四）至3日（周六）", "3日至1日", []string{"从 2026-01-03 到 2026-01-01 不像一段假期"}},
		{"an endless holiday", "5月1日（周五）至5日（周二）", "5月1日（周五）至31日", []string{"从 2026-05-01 到 2026-05-31 不像一段假期"}},
		{"no month", "4月4日（周六）至", "4日（周六）至", []string{"“4日”没有写月份"}},
		{"the same day twice", "9月25日（周五）至27日（周日）放假，共3天。", "9月25日至27日放假，共3天。9月26日放假。", []string{"2026-09-26 前面已写明放假"}},
		{"off and worked", "5月9日（周六）上班", "5月3日（周日）上班", []string{"2026-05-03 前面已写明放假"}},
		{"worked twice", "2月14日（周六）、", "2月28日（周六）、", []string{"2026-02-28 前面已写明上班"}},
		{"words it does not know", "5月9日（周六）上班", "5月9日（周六）另行通知", []string{"“5月9日（周六）另行通知”：没有看懂 2026-05-09 是放假还是上班"}},
		{"words before the day it does not know", "5月9日（周六）上班", "除5月9日（周六）上班", []string{"“除5月9日（周六）上班”：没有看懂这句话"}},
		{"a contradiction", "5月9日（周六）上班", "5月9日（周六）放假，单位照常上班", []string{"既说放假又说上班"}},
		{"a holiday without days", "4月4日（周六）至6日（周一）放假，共3天。", "另行通知。", []string{"“清明节”一条里没有读到放假的日子"}},
		{"a holiday missing", "三、清明节：4月4日（周六）至6日（周一）放假，共3天。", "", []string{"缺少清明节的安排"}},
		{"a make-up day lost", "、10月10日（周六）上班", "上班", []string{"比调休上班日多 14 天，按《全国年节及纪念日放假办法》应多 13 天"}},
		{"a day off lost", "6月19日（周五）至21日（周日）放假，共3天", "6月20日至21日放假，共2天", []string{"比调休上班日多 12 天"}},
		{"no title", "2026年", "今年", []string{"请把国务院办公厅的全年放假通知连同标题一起粘贴"}},
		{"a fixed holiday in another month", "5月1日（周五）至5日（周二）", "6月1日（周一）至5日（周五）", []string{"“劳动节”的放假日期里没有 2026-05-01"}},
		{"a lunar holiday in another month", "4月4日（周六）至6日（周一）", "7月4日（周六）至6日（周一）", []string{"“清明节”的放假日期不在 2026-04-04 到 2026-04-06 之间"}},
		{"a make-up day far from its holiday", "2月28日（周六）", "3月28日（周六）", []string{"调休上班日 2026-03-28 离“春节”假期超过 14 天"}},
		{"two different years", "关于2026年", "关于2062年", []string{"文中有 2062 年和 2026 年两份安排"}},
		{"a year out of range", "2026年", "1026年", []string{"标题里的年份 1026 不在 2000 到 2299 之间"}},
		{"no signature", "\n国务院办公厅\n2025年11月4日", "", []string{"没有找到落款"}},
		{"a signature of another year", "2025年11月4日", "2023年11月4日", []string{"落款日期“国务院办公厅2023年11月4日”不对"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(original, tt.old) {
				t.Fatalf("%q is not in the notice", tt.old)
			}
			_, err := workday.ParseNotice(strings.ReplaceAll(original, tt.old, tt.new))
			expectProblems(t, err, tt.want)
		})
	}
	t.Run("all wrong sentences at once", func(t *testing.T) {
		text := strings.NewReplacer("共9天", "共8天", "5月9日（周六）", "5月8日").Replace(original)
		_, err := workday.ParseNotice(text)
		expectProblems(t, err, []string{"写的是 8 天", "2026-05-08 是周五"})
	})
	t.Run("two notices in one text", func(t *testing.T) {
		_, err := workday.ParseNotice(original + notice(t, "notice-2025.txt"))
		expectProblems(t, err, []string{"文中有 2026 年和 2025 年两份安排"})
	})
	t.Run("nothing", func(t *testing.T) {
		_, err := workday.ParseNotice("")
		expectProblems(t, err, []string{"没有找到"})
	})
	t.Run("only a title", func(t *testing.T) {
		_, err := workday.ParseNotice("国务院办公厅关于2026年部分节假日安排的通知")
		expectProblems(t, err, []string{"没有找到“元旦：”这样的条目"})
	})
	t.Run("a book", func(t *testing.T) {
		_, err := workday.ParseNotice(strings.Repeat(original, 100))
		expectProblems(t, err, []string{"文字太长"})
	})
}

// One wrong digit must not pass for a calendar. All are tried; what still passes is another Saturday or Sunday near
// the same holiday, which nothing in the text contradicts.
func TestParseNoticeCatchesOneWrongDigit(t *testing.T) {
	plausible := map[string][]string{
		"notice-2025.txt": {"2025-04-20", "2025-09-21", "2025-10-18"},
		"notice-2026.txt": {"2026-10-17"},
	}
	for file, want := range plausible {
		t.Run(file, func(t *testing.T) {
			original, right := notice(t, file), year(t, file)
			begin, end := strings.Index(original, "一、"), strings.LastIndex(original, "上班")
			var passed []string
			for i := begin; i < end; i++ {
				if original[i] < '0' || original[i] > '9' {
					continue
				}
				for digit := '0'; digit <= '9'; digit++ {
					y, err := workday.ParseNotice(original[:i] + string(digit) + original[i+1:])
					if err != nil {
						continue
					}
					if diff := cmp.Diff(right.Off, y.Off); diff != "" {
						t.Errorf("a wrong day off passed:\n%s", diff)
					}
					for d := range y.Work {
						if _, ok := right.Work[d]; !ok {
							passed = append(passed, d.String())
						}
					}
				}
			}
			if diff := cmp.Diff(want, passed); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Every day of both years, against an independent library.
func TestCalendarAgreesWithLunarGo(t *testing.T) {
	c := calendar(t)
	for d := date(t, "2025-01-01"); d.Year < 2027; d = d.AddDays(1) {
		if got, want := c.IsWorkingDay(d), lunarWorks(d); got != want {
			t.Errorf("%v: working %v, the library says %v", d, got, want)
		}
	}
}

func lunarWorks(d workday.Date) bool {
	if h := HolidayUtil.GetHolidayByYmd(d.Year, int(d.Month), d.Day); h != nil {
		return h.IsWork()
	}
	return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
}

// The wordings of earlier years, which may come back: 与周末连休, 补休, days of the December before, an encouragement
// with a date in it. Each is read whole and compared day by day with an independent library.
func TestParseNoticeReadsEarlierWordings(t *testing.T) {
	tests := []struct {
		year      int
		published string
		items     string
		later     []string // days that another notice changed afterwards
	}{
		{2014, "2013年12月11日", `一、元旦：1月1日放假1天。
			二、春节：1月31日至2月6日放假调休，共7天。1月26日（星期日）、2月8日（星期六）上班。
			三、清明节：4月5日放假，4月7日（星期一）补休。
			四、劳动节：5月1日至3日放假调休，共3天。5月4日（星期日）上班。
			五、端午节：6月2日放假，与周末连休。
			六、中秋节：9月8日放假，与周末连休。
			七、国庆节：10月1日至7日放假调休，共7天。9月28日（星期日）、10月11日（星期六）上班。`, nil},
		{2018, "2017年11月30日", `一、元旦：1月1日放假，与周末连休。
			二、春节：2月15日至21日放假调休，共7天。2月11日（星期日）、2月24日（星期六）上班。
			三、清明节：4月5日至7日放假调休，共3天。4月8日（星期日）上班。
			四、劳动节：4月29日至5月1日放假调休，共3天。4月28日（星期六）上班。
			五、端午节：6月18日放假，与周末连休。
			六、中秋节：9月24日放假，与周末连休。
			七、国庆节：10月1日至7日放假调休，共7天。9月29日（星期六）、9月30日（星期日）上班。`,
			[]string{"2018-12-29", "2018-12-31"}},
		{2019, "2018年12月4日", `一、元旦：2018年12月30日至2019年1月1日放假调休，共3天。2018年12月29日（星期六）上班。
			二、春节：2月4日至10日放假调休，共7天。2月2日（星期六）、2月3日（星期日）上班。
			三、清明节：4月5日放假，与周末连休。
			四、劳动节：5月1日放假。
			五、端午节：6月7日放假，与周末连休。
			六、中秋节：9月13日放假，与周末连休。
			七、国庆节：10月1日至7日放假调休，共7天。9月29日（星期日）、10月12日（星期六）上班。`,
			[]string{"2019-04-28", "2019-05-02", "2019-05-03", "2019-05-05"}},
		{2023, "2022年12月8日", `一、元旦：2022年12月31日至2023年1月2日放假调休，共3天。
			二、春节：1月21日至27日放假调休，共7天。1月28日（星期六）、1月29日（星期日）上班。
			三、清明节：4月5日放假，共1天。
			四、劳动节：4月29日至5月3日放假调休，共5天。4月23日（星期日）、5月6日（星期六）上班。
			五、端午节：6月22日至24日放假调休，共3天。6月25日（星期日）上班。
			六、中秋节、国庆节：9月29日至10月6日放假调休，共8天。10月7日（星期六）、10月8日（星期日）上班。`, nil},
		{2024, "2023年10月25日", `一、元旦：1月1日放假，与周末连休。
			二、春节：2月10日至17日放假调休，共8天。2月4日（星期日）、2月18日（星期日）上班。鼓励各单位结合带薪年休假等制度落实，安排职工在除夕（2月9日）休息。
			三、清明节：4月4日至6日放假调休，共3天。4月7日（星期日）上班。
			四、劳动节：5月1日至5日放假调休，共5天。4月28日（星期日）、5月11日（星期六）上班。
			五、端午节：6月10日放假，与周末连休。
			六、中秋节：9月15日至17日放假调休，共3天。9月14日（星期六）上班。
			七、国庆节：10月1日至7日放假调休，共7天。9月29日（星期日）、10月12日（星期六）上班。`, nil},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.year), func(t *testing.T) {
			y, err := workday.ParseNotice(fmt.Sprintf("国务院办公厅关于%d年部分节假日安排的通知\n%s\n国务院办公厅\n%s", tt.year, tt.items, tt.published))
			if err != nil {
				t.Fatal(err)
			}
			c, err := workday.New(workday.DefaultHours, []workday.Year{y}, nil)
			if err != nil {
				t.Fatal(err)
			}
			later := map[workday.Date]bool{}
			for _, s := range tt.later {
				later[date(t, s)] = true
			}
			for d := (workday.Date{Year: tt.year - 1, Month: 12, Day: 20}); d.Year <= tt.year; d = d.AddDays(1) {
				if later[d] {
					continue
				}
				if got, want := c.IsWorkingDay(d), lunarWorks(d); got != want {
					t.Errorf("%v: working %v, the library says %v", d, got, want)
				}
			}
		})
	}
	t.Run("a New Year range that leaves its years out", func(t *testing.T) {
		text := strings.Replace(notice(t, "notice-2026.txt"), "1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。",
			"12月31日（周三）至1月2日（周五）放假调休，共3天。12月28日（周日）上班、1月3日（周六）上班。", 1)
		y, err := workday.ParseNotice(text)
		if err != nil {
			t.Fatal(err)
		}
		if y.Off[date(t, "2025-12-31")] != "元旦" || y.Work[date(t, "2025-12-28")] != "元旦调休上班" {
			t.Errorf("December is not in %v %v", y.Off, y.Work)
		}
	})
}

func FuzzParseNotice(f *testing.F) {
	f.Add(notice(f, "notice-2025.txt"))
	f.Add(notice(f, "notice-2026.txt"))
	f.Add("国务院办公厅关于2019年部分节假日安排的通知 一、元旦：2018年12月30日至2019年1月1日放假调休，共3天。2018年12月29日（星期六）上班。国务院办公厅2018年12月4日")
	f.Fuzz(func(t *testing.T, text string) {
		y, err := workday.ParseNotice(text)
		if err != nil {
			if err.Error() == "" || len(err.Error()) > 100<<10 {
				t.Fatalf("a message of %d bytes", len(err.Error()))
			}
			return
		}
		if err := y.Validate(); err != nil {
			t.Fatalf("accepted what Validate refuses: %v", err)
		}
		if len(y.Off) < 11 || y.PublishedOn.IsZero() || y.Source == "" {
			t.Fatalf("incomplete: %+v", y)
		}
		if _, err := workday.New(workday.DefaultHours, []workday.Year{y}, nil); err != nil {
			t.Fatal(err)
		}
	})
}
