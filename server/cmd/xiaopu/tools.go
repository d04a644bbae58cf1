package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/term"

	"xiaopu/server/api"
	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/config"
	"xiaopu/server/intake"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

// importFile is `xiaopu import`. The last line of its output is one JSON object with the counts.
func importFile(c *call) error {
	name := c.flags.String("source", string(ticket.Hotline), sourceUsage)
	profile := c.flags.String("profile", "", "导入模板的名称，或模板文件（.yaml）；不填则采用这个来源最合适的")
	var listing intake.Listing
	c.flags.StringVar((*string)(&listing.List), "list", "", listUsage)
	c.flags.StringVar(&listing.On, "listed-on", "", "清单日期，如 2026-11-20；不填则取标题或文件名里的日期")
	c.flags.BoolVar(&listing.Create, "create", false, "清单里还没有导入的工单，内容齐全的一并导入")
	dryRun := c.flags.Bool("dry-run", false, "只检查并统计，不写入")
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	source, err := parseSource(*name)
	if err != nil {
		return err
	}
	if info, err := os.Stat(args[0]); err != nil || info.IsDir() {
		return apperr.New(apperr.NotFound, "file.missing", "找不到文件“%s”，请检查路径和文件名。", args[0])
	}
	debug.SetGCPercent(50) // it may run beside the server: a fifth less memory for hardly any more work
	return c.withNew(func(s *system) error {
		now, err := s.now(c.ctx) // once: a file is judged by one day
		if err != nil {
			return err
		}
		im := &intake.Importer{Engine: s.engine, DB: s.db, Now: func() time.Time { return now }, Clock: time.Now}
		by, err := c.profileNamed(s, source, *profile)
		if err != nil {
			return err
		}
		bar := newBar(c.stderr)
		result, err := im.Import(c.ctx, intake.Job{Path: args[0], Source: source, Profile: by, Listing: listing, DryRun: *dryRun, Progress: bar.show})
		bar.done()
		if err != nil && result.Rows == 0 {
			return err
		}
		if result.Profile != "" {
			fmt.Fprintf(c.stdout, "采用导入模板“%s”。\n", result.Profile)
		}
		for _, p := range result.Problems {
			what := "提示"
			if p.Fatal {
				what = "未导入"
			}
			fmt.Fprintf(c.stdout, "%s %s：%s\n", ticket.Place(p.Line), what, p.Message)
		}
		if more := result.Found - len(result.Problems); more > 0 {
			fmt.Fprintf(c.stdout, "……另有 %d 条，已随本次导入保存\n", more)
		}
		if result.Rows == 0 {
			fmt.Fprintln(c.stdout, "文件里只有表头，没有工单：请核对导出时是否选了日期范围。")
		}
		if *dryRun {
			fmt.Fprintln(c.stdout, "试运行：没有写入任何内容。")
		}
		line, jerr := json.Marshal(result)
		if jerr != nil {
			return jerr
		}
		fmt.Fprintln(c.stdout, string(line))
		return err
	})
}

// bar is a progress bar; it shows nothing where there is no terminal.
type bar struct {
	w     io.Writer
	shown bool
}

func newBar(w io.Writer) *bar {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return &bar{}
	}
	return &bar{w: w}
}

const barWidth = 30

func (b *bar) show(p float64) {
	if b.w == nil {
		return
	}
	b.shown = true
	n := min(max(int(p*barWidth), 0), barWidth)
	fmt.Fprintf(b.w, "\r导入中 [%s%s] %3d%%", strings.Repeat("█", n), strings.Repeat("░", barWidth-n), int(p*100))
}

func (b *bar) done() {
	if b.shown {
		fmt.Fprint(b.w, "\r\033[K")
	}
}

// calendarAdd is `xiaopu calendar add`: the date, then the instant, and “provisional” where so.
func calendarAdd(c *call) error {
	from := c.flags.String("from", "", "起算日期（当天不计），如 2026-09-30")
	days := c.flags.Int("days", 0, "工作日数，1 到 1000")
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	start, err := workday.ParseDate(*from)
	if err != nil {
		return apperr.New(apperr.InvalidArgument, "calendar.from", "--from 要写成日期，如 2026-09-30。")
	}
	if *days < 1 || *days > 1000 {
		return apperr.New(apperr.InvalidArgument, "calendar.days", "--days 要在 1 到 1000 之间。")
	}
	return c.withNew(func(s *system) error {
		k, err := s.engine.Knowledge(c.ctx)
		if err != nil {
			return err
		}
		due := k.Calendar.AddWorkingDays(start, *days)
		fmt.Fprintln(c.stdout, workday.DateOf(due.At))
		line := due.At.In(workday.Shanghai).Format(time.RFC3339)
		if due.Provisional {
			line += " provisional"
		}
		_, err = fmt.Fprintln(c.stdout, line)
		return err
	})
}

// calendarLoad is `xiaopu calendar load`: shows what would change, and loads it once confirmed.
func calendarLoad(c *call) error {
	yes := c.flags.Bool("yes", false, "不再询问，直接载入")
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	text, err := readFile(args[0], 1<<20)
	if err != nil {
		return err
	}
	var year workday.Year
	if ext := strings.ToLower(filepath.Ext(args[0])); ext == ".yaml" || ext == ".yml" {
		year, err = config.LoadYear(text)
	} else {
		year, err = workday.ParseNotice(string(text))
	}
	if err != nil {
		return err
	}
	return c.withNew(func(s *system) error {
		change, err := s.engine.PreviewYear(c.ctx, year)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.stdout, "%d 年放假安排（%s）：放假 %d 天，调休上班 %d 天。\n", year.Year, year.Source, len(year.Off), len(year.Work))
		c.printDays(change.Days)
		if !*yes && !c.confirm("载入以上安排？") {
			return errors.New("没有载入。")
		}
		if _, err := s.engine.LoadYear(c.ctx, casework.SystemActor(), year); err != nil {
			return err
		}
		return c.recount(s)
	})
}

func (c *call) printDays(days []workflow.DayChange) {
	if len(days) == 0 {
		fmt.Fprintln(c.stdout, "与现有日历相同，没有日期变化。")
		return
	}
	fmt.Fprintln(c.stdout, "与现有日历相比：")
	for _, d := range days {
		kind := "休息"
		if d.Working {
			kind = "上班"
		}
		fmt.Fprintf(c.stdout, "  %s 改为%s %s\n", d.On, kind, d.Name)
	}
}

// confirm asks on the terminal; anything but y or 是 is no.
func (c *call) confirm(question string) bool {
	fmt.Fprint(c.stdout, question+"（输入 y 确认）")
	line, err := bufio.NewReader(io.LimitReader(c.stdin, 100)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes" || answer == "是"
}

// recount brings open deadlines in line with the new calendar at once.
func (c *call) recount(s *system) error {
	swept, err := s.engine.Sweep(c.ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "已生效。%d 件难事的期限或提醒随之调整。\n", swept.Cases)
	return nil
}

// sweep is `xiaopu sweep`.
func sweep(c *call) error {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	return c.with(func(s *system) error {
		swept, err := s.engine.Sweep(c.ctx)
		if err != nil {
			return err
		}
		aged, err := s.engine.Age(c.ctx)
		if err != nil {
			return err
		}
		line, err := json.Marshal(struct {
			workflow.Swept
			Proposed int `json:"proposed"`
		}{swept, aged})
		if err != nil {
			return err
		}
		fmt.Fprintln(c.stdout, string(line))
		if swept.Failed > 0 {
			return fmt.Errorf("%d 件难事处理出错，详见日志", swept.Failed)
		}
		return nil
	})
}

// auditVerify is `xiaopu audit verify`; findings make it fail.
func auditVerify(c *call) error {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	return c.with(func(s *system) error {
		v, err := s.engine.Verify(c.ctx)
		if err != nil {
			return err
		}
		for _, f := range v.Findings {
			// What is wrong with the audit log names it, and concerns no case.
			if name := cmp.Or(f.Number, f.CaseID); name != "" {
				fmt.Fprintf(c.stdout, "%s：", name)
			}
			fmt.Fprintln(c.stdout, f.Message)
		}
		if len(v.Findings) > 0 {
			return fmt.Errorf("核对了 %d 件难事的 %d 条记录，发现 %d 处被事后改动", v.Cases, v.Events, len(v.Findings))
		}
		_, err = fmt.Fprintf(c.stdout, "核对了 %d 件难事的 %d 条记录、%d 份附件、%d 次每日锚定和 %d 条审计日志，没有发现改动。\n", v.Cases, v.Events, v.Files, v.Anchors, v.Log)
		return err
	})
}

// userList is `xiaopu user list`.
func userList(c *call) error {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	return c.with(func(s *system) error {
		k, err := s.engine.Knowledge(c.ctx)
		if err != nil {
			return err
		}
		people := k.Organisation.People()
		if len(people) == 0 {
			return apperr.New(apperr.FailedPrecondition, "organisation.empty", "还没有组织架构，请先用 xiaopu organisation load 载入。")
		}
		for _, p := range people {
			if p.Left {
				continue
			}
			fmt.Fprintf(c.stdout, "%s\t%s\t%s\n", p.ID, p.Name, k.Organisation.DescribePosts(p.ID))
		}
		return nil
	})
}

// userToken is `xiaopu user token`: an access token for somebody, for trying out.
func userToken(c *call) error {
	hours := c.flags.Int("hours", 12, "有效小时数，1 到 720")
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	if *hours < 1 || *hours > 720 {
		return apperr.New(apperr.InvalidArgument, "user.hours", "--hours 要在 1 到 720 之间。")
	}
	cfg, err := c.loadConfig()
	if err != nil {
		return err
	}
	if cfg.Mode == config.Production {
		return apperr.New(apperr.FailedPrecondition, "user.production", "正式环境不能打印登录令牌，请通过登录取得。")
	}
	return c.with(func(s *system) error {
		k, err := s.engine.Knowledge(c.ctx)
		if err != nil {
			return err
		}
		p, err := k.Organisation.FindPerson(args[0])
		if err != nil {
			return err
		}
		signer, err := signer(cfg)
		if err != nil {
			return err
		}
		token, err := signer.Issue(p.ID, time.Duration(*hours)*time.Hour)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.stdout, token)
		return err
	})
}

// migrate is `xiaopu migrate`.
func migrate(c *call) error {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	return c.withNew(func(s *system) error {
		_, err := fmt.Fprintln(c.stdout, "数据库已是最新。")
		return err
	})
}

// openAPI is `xiaopu openapi`.
func openAPI(c *call) error {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	return api.OpenAPI(c.stdout)
}
