package api

import (
	"context"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

// DevClock is the demonstration clock.
type DevClock struct {
	Now time.Time `json:"now" doc:"演示时钟的现在"`
}

func (s *server) devNow(ctx context.Context, _ *struct{}) (DevClock, error) {
	k, err := s.engine.Knowledge(ctx)
	if err != nil {
		return DevClock{}, err
	}
	return DevClock{Now: s.engine.Now(k)}, nil
}

// Advance says how far to move the demonstration clock: working days, or to an instant.
type Advance struct {
	WorkingDays int       `json:"working_days,omitempty" minimum:"1" maximum:"250" example:"3" doc:"拨到第几个工作日下班后一分钟"`
	To          time.Time `json:"to,omitzero" doc:"拨到这个时刻；与 working_days 二选一"`
}

// Advanced is what moving the clock did.
type Advanced struct {
	DevClock
	Swept workflow.Swept `json:"swept" doc:"随之到期并处理的难事"`
}

func (s *server) advance(ctx context.Context, in *struct{ Body Advance }) (Advanced, error) {
	if (in.Body.WorkingDays == 0) == in.Body.To.IsZero() {
		return Advanced{}, apperr.New(apperr.InvalidArgument, "clock.which", "请给出 working_days 或 to 其中一项。")
	}
	k, err := s.engine.Knowledge(ctx)
	if err != nil {
		return Advanced{}, err
	}
	now, to := s.engine.Now(k), in.Body.To
	if in.Body.WorkingDays > 0 {
		to = k.Calendar.AddWorkingDays(workday.DateOf(now), in.Body.WorkingDays).At.Add(time.Minute)
	}
	if !to.After(now) || to.After(now.AddDate(2, 0, 0)) {
		return Advanced{}, apperr.New(apperr.InvalidArgument, "clock.to", "演示时钟只能拨快，不能拨回，一次最多两年。")
	}
	out := Advanced{}
	if out.Now, err = s.engine.AdvanceClock(ctx, to.Sub(now)); err != nil {
		return out, err
	}
	// What falls due can make more fall due.
	const most = 50
	for range most {
		swept, err := s.engine.Sweep(ctx)
		if err != nil {
			return out, err
		}
		out.Swept.Cases += swept.Cases
		out.Swept.Events += swept.Events
		out.Swept.Failed = swept.Failed
		if swept.Cases == 0 {
			break
		}
	}
	return out, nil
}
