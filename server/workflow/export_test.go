package workflow

import (
	"context"

	"xiaopu/server/recognition"
)

// Indexed says how many tickets this process's index holds, and how many of each matter.
func (e *Engine) Indexed(ctx context.Context, matters []string) (all int, sizes []int, err error) {
	err = e.matters.look(ctx, func(x *recognition.Matters) {
		all = x.Len()
		for _, m := range matters {
			sizes = append(sizes, x.Size(m))
		}
	})
	return all, sizes, err
}
