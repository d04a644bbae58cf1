package casework

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"xiaopu/server/apperr"
	"xiaopu/server/ticket"
)

// prototypes is every command, as clients send them.
var prototypes = []Command{
	Report{}, Register{}, AddEvidence{}, Classify{}, Assign{}, Reject{}, Attach{}, UpdateTicket{}, Detach{}, Merge{}, Split{}, Dispatch{}, Claim{},
	Take{}, OpenAtII{}, OpenAtI{}, Accept{}, Return{}, Transfer{}, Coordinate{}, Contact{}, AskSupport{}, AcceptTask{}, FinishTask{},
	DeclineTask{}, WithdrawTask{}, Progress{}, Convene{}, Amend{}, Submit{}, AskOnSite{}, VerifyPass{}, VerifyFail{}, Escalate{},
	Rate{}, ConfirmDissatisfaction{}, DismissDissatisfaction{}, StrikeOff{}, CarryOver{}, HoldOver{}, Remind{}, Supervise{},
	AnswerOrder{}, HandOver{}, SettleContent{},
}

func TestPrototypesAreAllCommands(t *testing.T) {
	names := Names()
	if len(prototypes) != len(names) {
		t.Errorf("%d commands, %d in the table", len(prototypes), len(names))
	}
	for _, p := range prototypes {
		if p.Name().Label() == string(p.Name()) {
			t.Errorf("%T is not in the table", p)
		}
	}
}

// FuzzDecide: whatever a client sends, whoever it is and whatever the state, nothing panics, a refusal is one that a
// person can read, and what is decided replays.
func FuzzDecide(f *testing.F) {
	for i, p := range prototypes {
		body, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), uint8(i), uint8(i), string(body))
	}
	f.Add(uint8(20), uint8(8), uint8(9), `{"department_id":"support","task":"修补路面","due_at":"2026-03-04T17:00:00+08:00"}`)
	f.Add(uint8(38), uint8(11), uint8(12), `{"target_on":"2026-04-30","reason":"等待上级批复"}`)
	f.Add(uint8(40), uint8(4), uint8(15), `{"text":"请加快","due_at":"9999-12-31T23:59:59-23:59"}`)
	f.Add(uint8(19), uint8(7), uint8(3), `{"reached":true,"at":"0000-01-01T00:00:00+14:00","said":"已联系"}`)
	where := situations(f)
	people := append(append(cast(), strangers()...), administrators()...)
	env := newBuilder(f, "").env
	f.Fuzz(func(t *testing.T, command, situation, who uint8, body string) {
		cmd := reflect.New(reflect.TypeOf(prototypes[int(command)%len(prototypes)]))
		if err := json.Unmarshal([]byte(body), cmd.Interface()); err != nil {
			return
		}
		s := where[int(situation)%len(where)]
		env := env
		env.Now = s.now
		given, ok := cmd.Elem().Interface().(Command)
		if !ok {
			t.Fatalf("%s is no command", cmd.Elem().Type())
		}
		d, err := Decide(s.c, people[int(who)%len(people)], given, env)
		var refusal *apperr.Error
		switch {
		case err != nil && !errors.As(err, &refusal) && !strings.Contains(err.Error(), "year outside of range"):
			t.Fatalf("%s: %v", s.title, err)
		case err != nil && len(d.Events) > 0:
			t.Fatalf("%s: refused (%v) and yet %v", s.title, err, d.Events)
		}
		r := record{c: s.c}
		r.save(t, d, s.now, env.Policy)
	})
}

func busy(t testing.TB) (Case, Env) {
	t.Helper()
	b := newBuilder(t, "NS2026-000042").registered()
	for i := range 6 {
		b.do("", Attach{Ticket: TicketRef{
			ID: fmt.Sprintf("01951f2c-7b1e-7f3a-9a51-0000000000%02d", i), Source: ticket.Hotline, OrderNo: fmt.Sprintf("20260302000%02d", i+10),
			Requester: fmt.Sprintf("requester-key-%d", i), AcceptedAt: b.env.Now,
		}})
	}
	b.do("centre", Dispatch{LeadDepartmentID: "lead"})
	b.do("head", Return{Reason: "不属本部门职责", DutyItem: "城管执法事项第3项", SuggestedDepartmentID: "support"})
	b.do("centre", Dispatch{LeadDepartmentID: "lead"})
	return b.c, b.env
}

func BenchmarkDecideAccept(b *testing.B) {
	c, env := busy(b)
	head := person("head", DepartmentHead, "lead")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decide(c, head, Accept{HandlerID: "handler"}, env); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCaseJSON(b *testing.B) {
	c, _ := busy(b)
	body := encoded(b, c)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var back Case
		if err := json.Unmarshal(body, &back); err != nil {
			b.Fatal(err)
		}
		encoded(b, back)
	}
}

func BenchmarkAllowedCommands(b *testing.B) {
	c, env := busy(b)
	centre := person("centre", Centre, "")
	b.ReportAllocs()
	for b.Loop() {
		AllowedCommands(c, centre, env)
	}
}
