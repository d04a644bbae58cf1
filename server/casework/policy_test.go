package casework_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/casework"
	"xiaopu/server/workday"
)

// Whatever number of a policy changes, the difference is told, and what cannot be is refused by its path.
func TestEveryNumberOfAPolicyIsToldAndBounded(t *testing.T) {
	var walk func(v reflect.Value, path string, visit func(v reflect.Value, path string))
	walk = func(v reflect.Value, path string, visit func(reflect.Value, string)) {
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			p := strings.TrimPrefix(path+"."+name, ".")
			if f := v.Field(i); f.Kind() == reflect.Struct && f.Type() != reflect.TypeFor[workday.Date]() {
				walk(f, p, visit)
			} else {
				visit(f, p)
			}
		}
	}
	before := casework.DefaultPolicy()
	if problems := before.Check(); len(problems) > 0 {
		t.Fatal(problems)
	}
	if d := before.Differences(before); len(d) > 0 {
		t.Fatal(d)
	}
	walk(reflect.ValueOf(&before).Elem(), "", func(_ reflect.Value, path string) {
		p := casework.DefaultPolicy()
		walk(reflect.ValueOf(&p).Elem(), "", func(f reflect.Value, at string) {
			if at != path {
				return
			}
			switch f.Kind() {
			case reflect.Int:
				f.SetInt(f.Int() + 1)
			case reflect.Bool:
				f.SetBool(!f.Bool())
			case reflect.String:
				f.SetString("next_working_day")
			case reflect.Slice:
				f.Set(reflect.ValueOf(workday.Hours{{Open: 8 * 60, Close: 16 * 60}}))
			case reflect.Struct:
				f.SetZero()
			}
		})
		switch differences := p.Differences(before); {
		case path == "version":
		case path == "effective_on":
			if problems := p.Check(); len(problems) != 1 || problems[0].Path != path {
				t.Error(problems)
			}
		case len(differences) != 1 || !strings.Contains(differences[0], " 由") || !strings.Contains(differences[0], "改为"):
			t.Errorf("%s changed: %q", path, differences)
		}
		walk(reflect.ValueOf(&p).Elem(), "", func(f reflect.Value, at string) {
			if at == path && f.Kind() == reflect.Int {
				f.SetInt(1 << 30)
				if problems := p.Check(); len(problems) == 0 || problems[0].Path != path {
					t.Errorf("%s of 1<<30: %v", path, problems)
				}
			}
		})
	})
	p := before
	p.Triggers.BurstTickets, p.TierDays.III, p.OfficeHours = 0, 4, workday.Hours{{Open: 8 * 60, Close: 16 * 60}}
	if d := cmp.Diff([]string{"Ⅲ级响应期限 由 3 个工作日改为 4 个工作日", "当日集中来电 由 5 件改为 停用", "办公时间 由 09:00-11:30、13:30-17:00 改为 08:00-16:00"}, p.Differences(before)); d != "" {
		t.Error(d)
	}
}
