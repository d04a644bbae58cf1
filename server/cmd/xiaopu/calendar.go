package main

import (
	"errors"
	"fmt"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

// calendarClose is `xiaopu calendar close`: shows which days and deadlines would change, and declares once confirmed.
func calendarClose(c *call) error {
	from := c.flags.String("from", "", "第一天")
	to := c.flags.String("to", "", "最后一天；只有一天可不填")
	reason := c.flags.String("reason", "", "原因，如 台风停工")
	past := c.flags.Bool("past", false, "补登已经过去的日子")
	yes := c.flags.Bool("yes", false, "不再询问，直接登记")
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	if *to == "" {
		*to = *from
	}
	closure := workday.Closure{Reason: *reason}
	var err error
	if closure.From, err = workday.ParseDate(*from); err != nil {
		return apperr.New(apperr.InvalidArgument, "calendar.from", "--from 要写成日期，如 2026-08-20。")
	}
	if closure.To, err = workday.ParseDate(*to); err != nil {
		return apperr.New(apperr.InvalidArgument, "calendar.to", "--to 要写成日期，如 2026-08-21。")
	}
	return c.withNew(func(s *system) error {
		now, err := s.now(c.ctx)
		if err != nil {
			return err
		}
		if today := workday.DateOf(now); closure.From.Before(today) && !*past {
			return apperr.New(apperr.InvalidArgument, "calendar.past", "%s 已经过去（今天是 %s），请核对年份；确实要补登，请加上 --past。", closure.From, today)
		}
		change, moves, err := s.engine.PreviewClosure(c.ctx, closure)
		if err != nil {
			return err
		}
		c.printDays(change.Days)
		c.printMoves(moves)
		if !*yes && !c.confirm("登记以上停工？") {
			return errors.New("没有登记。")
		}
		change, err = s.engine.AddClosure(c.ctx, casework.SystemActor(), closure)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.stdout, "停工编号 %s，撤销用：xiaopu calendar reopen %s\n", change.ClosureID, change.ClosureID)
		return c.recount(s)
	})
}

// calendarReopen is `xiaopu calendar reopen`: takes a closure back.
func calendarReopen(c *call) error {
	yes := c.flags.Bool("yes", false, "不再询问，直接撤销")
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	return c.with(func(s *system) error {
		change, moves, err := s.engine.PreviewRevocation(c.ctx, args[0])
		if err != nil {
			return err
		}
		c.printDays(change.Days)
		c.printMoves(moves)
		if !*yes && !c.confirm("撤销这次停工？") {
			return errors.New("没有撤销。")
		}
		if err := s.engine.RevokeClosure(c.ctx, args[0]); err != nil {
			return err
		}
		return c.recount(s)
	})
}

// calendarList is `xiaopu calendar list`: the years and closures in force.
func calendarList(c *call) error {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	return c.with(func(s *system) error {
		k, err := s.engine.Knowledge(c.ctx)
		if err != nil {
			return err
		}
		for _, y := range k.Years {
			fmt.Fprintf(c.stdout, "%d 年\t%s\t第 %d 次载入\n", y.Year.Year, y.Year.Source, y.Edition)
		}
		for _, x := range k.Closures {
			fmt.Fprintf(c.stdout, "停工 %s\t%s 至 %s\t%s\n", x.ID, x.Closure.From, x.Closure.To, x.Closure.Reason)
		}
		return nil
	})
}

func (c *call) printMoves(moves []workflow.Move) {
	if len(moves) == 0 {
		fmt.Fprintln(c.stdout, "没有在办难事的期限因此改变。")
		return
	}
	const most = 20
	fmt.Fprintf(c.stdout, "%d 件在办难事的期限因此改变：\n", len(moves))
	for _, m := range moves[:min(most, len(moves))] {
		fmt.Fprintf(c.stdout, "  %s（%s）%s → %s\n", m.Number, m.Tier.Label(), m.From.In(workday.Shanghai).Format("2006-01-02 15:04"), m.To.In(workday.Shanghai).Format("2006-01-02 15:04"))
	}
	if more := len(moves) - most; more > 0 {
		fmt.Fprintf(c.stdout, "  ……另有 %d 件\n", more)
	}
}
