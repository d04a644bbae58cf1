package main

import (
	"fmt"
	"strings"

	"xiaopu/server/apperr"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

// policyShow is `xiaopu policy show`: every version, and the numbers of the one in force.
func policyShow(c *call) error {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	return c.with(func(s *system) error {
		list, err := s.engine.PolicyVersions(c.ctx)
		if err != nil {
			return err
		}
		for _, v := range list {
			fmt.Fprintf(c.stdout, "第 %d 版\t%s 起施行\t%s\t%s\n", v.Policy.Version, v.Policy.EffectiveOn, v.StatusLabel, v.Reason)
			for _, d := range v.Differences {
				fmt.Fprintf(c.stdout, "  %s\n", d)
			}
			if v.DryRun != nil {
				c.printDryRun(*v.DryRun)
			}
			if v.Status == workflow.PolicyInForce {
				fmt.Fprintf(c.stdout, "  现行：%s\n", strings.Join(v.Policy.Numbers(), "；"))
			}
		}
		return nil
	})
}

// policyDryRun is `xiaopu policy dry-run`: what changed thresholds would have made of the tickets of a window.
func policyDryRun(c *call) error {
	from := c.flags.String("from", "", "第一天；不填为最近 90 天")
	to := c.flags.String("to", "", "最后一天；不填为今天")
	keep := func(name, usage string) *int {
		return c.flags.Int(name, -1, usage+"；不填为现行标准，0 为停用")
	}
	unaccepted, reassigned := keep("unaccepted", "多部门未接单：部门数"), keep("reassigned", "多次重新交办：次数")
	burst, people := keep("burst-tickets", "当日集中来电：件数"), keep("burst-min-people", "当日集中来电：至少几人")
	hot, days := keep("hot-tickets", "高频热点：件数"), keep("hot-days", "高频热点：几天内")
	long := keep("long-unresolved-days", "长期未解决：天数")
	dissatisfied, cross := keep("dissatisfied", "不满意件：1 启用"), keep("cross", "三跨或流程复杂：1 启用")
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	var window [2]workday.Date
	for i, text := range []string{*from, *to} {
		if text == "" {
			continue
		}
		var err error
		if window[i], err = workday.ParseDate(text); err != nil {
			return apperr.New(apperr.InvalidArgument, "policy.window", "--from 和 --to 要写成日期，如 2026-01-01。")
		}
	}
	return c.with(func(s *system) error {
		k, err := s.engine.Knowledge(c.ctx)
		if err != nil {
			return err
		}
		t := k.PolicyAt(s.engine.Now(k)).Triggers
		for given, number := range map[*int]*int{
			unaccepted: &t.Unaccepted, reassigned: &t.Reassigned, burst: &t.BurstTickets, people: &t.BurstMinPeople, hot: &t.HotTickets, days: &t.HotDays, long: &t.LongUnresolvedDays,
		} {
			if *given >= 0 {
				*number = *given
			}
		}
		for given, on := range map[*int]*bool{dissatisfied: &t.Dissatisfied, cross: &t.Cross} {
			if *given >= 0 {
				*on = *given > 0
			}
		}
		r, err := s.engine.DryRun(c.ctx, t, window[0], window[1])
		if err != nil {
			return err
		}
		c.printDryRun(r)
		return nil
	})
}

func (c *call) printDryRun(r workflow.DryRunResult) {
	fmt.Fprintf(c.stdout, "  按 %s 至 %s 的 %d 件工单试算：\n", r.From, r.To, r.Tickets)
	for _, rule := range r.Rules {
		fmt.Fprintf(c.stdout, "    %s\n", rule.Text)
	}
	fmt.Fprintf(c.stdout, "    合计 %s；%s\n", r.Registered.Text, r.Proposed.Text)
}
