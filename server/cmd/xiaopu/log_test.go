package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"xiaopu/server/api"
	"xiaopu/server/auth"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workflow"
)

// The personal data of the session below. None of it may stand in any log.
var personal = []string{"13812349876", "13698761234", "310226195803124567", "310226196211053219", "欧阳桂芬", "上官建国", "解放东路88弄6号502室", "13900007777", "qwer-Passw0rd-7788"}

// A whole session at debug level, with personal data in every place that takes text and in many that do not: imports good and
// bad, commands, wrong requests of all kinds, sign-ins. The log has lines of request, person and case, and no datum of it.
func TestLogsHoldNoPersonalData(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		db, _ := prepared(t, dsn, time.Now())
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		centre, head, liaison := token(t, dsn, "p-centre"), token(t, dsn, "p-head"), token(t, dsn, "p-liaison")
		s := start(t, dsn, "XIAOPU_LOG_LEVEL=debug")
		all := strings.Join(personal, "，")
		statuses := map[int]int{}
		call := func(method, path, token, key string, body any) string {
			t.Helper()
			status, text := s.call(method, path, token, key, body, nil)
			statuses[status]++
			return text
		}

		var file strings.Builder
		file.WriteString("工单编号,受理时间,标题,内容描述,诉求地址,联系人,联系电话,身份证号,满意度\n")
		for i := range 60 {
			fmt.Fprintf(&file, "20260301%06d,%s 08:00,%s反映噪声,身份证%s电话%s的%s反映,%s,%s,%s,%s,不满意\n",
				i, time.Now().AddDate(0, 0, -1).Format(time.DateOnly), personal[4], personal[2], personal[0], personal[5], personal[6], personal[4], personal[i%2], personal[3])
		}
		fmt.Fprintf(&file, ",%s,%s,%s,%s,%s,%s,%s,%s\n", personal[0], all, all, all, all, all, all, all) // a row without number
		fmt.Fprintf(&file, "%s,不是日期%s,%s,%s,,,,,%s\n", personal[2], personal[0], all, all, all)
		fmt.Fprintf(&file, "20260301000001,2026-03-01,%s,%s,,,,,\n", all, all) // a number twice
		var job struct{ ID, State string }
		body, contentType := upload(t, file.String())
		if status, text := s.send(http.MethodPost, "/api/v1/imports", centre, "", contentType, body, &job); status != http.StatusAccepted {
			t.Fatalf("%d %s", status, text)
		}
		within(t, "the import ends", func() bool {
			s.call(http.MethodGet, "/api/v1/imports/"+job.ID, centre, "", nil, &job)
			return job.State == string(store.ImportFinished) || job.State == string(store.ImportFailed)
		})
		call(http.MethodGet, "/api/v1/imports/"+job.ID+"/problems", centre, "", nil)
		call(http.MethodGet, "/api/v1/imports/"+job.ID+"/report", centre, "", nil)
		for _, text := range []string{all, "工单编号\n" + all, "PK\x03\x04" + all} { // files that are none
			body, contentType := upload(t, text)
			status, _ := s.send(http.MethodPost, "/api/v1/imports", centre, "", contentType, body, nil)
			statuses[status]++
		}

		var out struct {
			Case struct {
				ID      string
				Version int64
			}
		}
		if status, text := s.call(http.MethodPost, "/api/v1/cases", liaison, "k-1", map[string]any{"title": "来电" + personal[0], "facts": all, "place": personal[6], "grid_id": "g-1"}, &out); status != http.StatusCreated {
			t.Fatalf("%d %s", status, text)
		}
		call(http.MethodPost, "/api/v1/cases", liaison, "k-1", map[string]any{"title": all, "facts": "另一件" + all, "place": personal[6], "grid_id": "g-1"}) // a key used again
		call(http.MethodPost, "/api/v1/cases", liaison, personal[0]+personal[4], map[string]any{"title": all, "facts": all, "place": strings.Repeat(all, 500), "grid_id": personal[0]})
		id := out.Case.ID
		for _, x := range []struct {
			token, name string
			body        map[string]any
		}{
			{centre, "register", map[string]any{"reason": all}}, {centre, "classify", map[string]any{"domain": "livelihood", "scope": "individual", "reach": "single", "grid_id": "g-1"}},
			{centre, "dispatch", map[string]any{"lead_department_id": "d-1", "note": all}},
			{head, "accept", map[string]any{"handler_id": personal[4]}}, {head, "accept", map[string]any{"handler_id": "p-head"}}, {head, "progress", map[string]any{"text": all, "public": true}},
			{head, "contact", map[string]any{"reached": true, "at": time.Now().Format(time.RFC3339), "said": all}}, {head, "return", map[string]any{"reason": all}},
			{head, "submit", map[string]any{"result": all, "outcome": "solved", "evidence": []string{all}}}, {head, "progress", map[string]any{"text": all, personal[0]: all}},
			{head, personal[0], map[string]any{"text": all}}, {centre, "reject", map[string]any{"reason": all}},
		} {
			x.body["version"] = out.Case.Version
			status, text := s.call(http.MethodPost, "/api/v1/cases/"+id+"/"+x.name, x.token, "", x.body, &out)
			statuses[status]++
			if status >= http.StatusInternalServerError {
				t.Errorf("%s: %d %s", x.name, status, text)
			}
		}
		for _, path := range []string{
			"/api/v1/cases/" + personal[0], "/api/v1/cases/" + url.PathEscape(personal[4]), "/api/v1/cases?cursor=" + personal[2], "/api/v1/cases?" + personal[0] + "=1", "/" + personal[1],
			"/api/v1/tickets?order_no=" + personal[0], "/api/v1/tickets/" + personal[2], "/api/v1/imports/" + personal[0], "/api/v1/calendar?from=" + personal[0], "/readyz?" + personal[0], "/docs/" + personal[0],
		} {
			for _, token := range []string{centre, head, "", personal[0] + "." + personal[1] + ".x"} {
				call(http.MethodGet, path, token, personal[0], nil)
				call(http.MethodDelete, path, token, personal[0], map[string]any{"x": all})
			}
		}
		for _, raw := range []string{all, `{"title":"` + all, `{"` + personal[0] + `":1}`, `{"title":13812349876}`, strings.Repeat(all, 20_000)} {
			status, _ := s.send(http.MethodPost, "/api/v1/cases", liaison, "", "application/json", strings.NewReader(raw), nil)
			statuses[status]++
			status, _ = s.send(http.MethodPost, "/api/v1/cases", liaison, "", "text/"+personal[0], strings.NewReader(raw), nil)
			statuses[status]++
		}
		for _, login := range []string{personal[0], personal[4], "p-head"} {
			call(http.MethodPost, "/api/v1/auth/login", "", "", map[string]any{"login": login, "password": personal[8]})
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/v1/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"X-Request-Id", "User-Agent", "X-Forwarded-For", "Referer", "Cookie", "X-" + personal[0]} {
			req.Header.Set(name, personal[0])
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		s.kill()

		logs := s.logs.String()
		for _, datum := range personal {
			if i := strings.Index(logs, datum); i >= 0 {
				t.Errorf("%s stands in the log: …%s…", datum, logs[max(0, i-300):min(len(logs), i+100)])
			}
		}
		requests := 0
		for line := range strings.Lines(logs) {
			var l struct {
				Msg   string
				ID    string `json:"request_id"`
				Actor string
				Case  string
			}
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Errorf("a line that is no JSON: %s", line)
			}
			if l.Msg == "request" && l.ID != "" && l.Actor == "p-head" && l.Case == id {
				requests++
			}
		}
		if requests < 5 || statuses[200] == 0 || statuses[400] == 0 || statuses[401] == 0 || statuses[404] == 0 || statuses[409] == 0 || statuses[500] > 0 {
			t.Errorf("the session did not go through all kinds of answers: %v; %d commands are logged with person and case", statuses, requests)
		}
	})
}

// What a panic says is logged without the numbers in it, and the caller reads none of it.
func TestAPanicIsLoggedWithoutNumbers(t *testing.T) {
	var log bytes.Buffer
	c := &call{ctx: t.Context(), stderr: &log}
	db := storetest.Open(t)
	fails := false
	engine := workflow.New(db, workflow.Options{Logger: c.logger(slog.LevelDebug), Clock: func() time.Time {
		if fails {
			panic(fmt.Errorf("no clock for %s, %s", personal[0], personal[2]))
		}
		return time.Now()
	}})
	if err := engine.LoadOrganisation(t.Context(), tinyStreet()); err != nil {
		t.Fatal(err)
	}
	signer, err := auth.NewSigner([]byte(testKey), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Issue("p-centre", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	handler := api.NewHandler(api.Options{Engine: engine, Signer: signer, Clock: time.Now, Logger: c.logger(slog.LevelDebug)})
	fails = true
	r := httptest.NewRequest(http.MethodGet, "/api/v1/cases", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	if answer.Code != http.StatusInternalServerError || strings.Contains(answer.Body.String(), "clock") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if text := log.String(); !strings.Contains(text, "no clock for 138****9876") || !strings.Contains(text, "log_test.go") || strings.Contains(text, personal[0]) || strings.Contains(text, personal[2]) {
		t.Errorf("%s", text)
	}
}
