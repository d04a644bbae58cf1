package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/matter"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// recognizeGroup is `xiaopu recognize group`: which messages of a file are about the same matter, by the server's own code.
func recognizeGroup(c *call) error {
	in := c.flags.String("in", "", "工单文件，每行一个 JSON 对象：id、user、title、time、detail")
	out := c.flags.String("out", "", "结果文件（.csv，两列 id,cluster）")
	places := c.flags.String("places", "", "地名库（.yaml），格式同 xiaopu gazetteer load：别名、前后颠倒的名称认作同一处")
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	if *in == "" || *out == "" {
		return errUsage
	}
	var gazetteer matter.Gazetteer
	if *places != "" {
		list, err := readPlaces(*places)
		if err != nil {
			return err
		}
		if gazetteer, err = workflow.NamesOf(list); err != nil {
			return err
		}
	}
	docs, err := readMessages(*in)
	if err != nil {
		return err
	}
	groups := matter.Group(docs, gazetteer)
	if err := writeClusters(*out, docs, groups); err != nil {
		return err
	}
	size, people, joined, crowds := map[string]int{}, map[string]map[string]bool{}, 0, 0
	for i, g := range groups {
		size[g]++
		if people[g] == nil {
			people[g] = map[string]bool{}
		}
		if docs[i].Person != "" {
			people[g][docs[i].Person] = true
		}
	}
	for g, n := range size {
		if n > 1 {
			joined++
		}
		if len(people[g]) > 1 {
			crowds++
		}
	}
	_, err = fmt.Fprintf(c.stdout, "%d 件，%d 个事项；其中 %d 个事项有多件，%d 个涉及多人。结果已写入 %s。\n", len(docs), len(size), joined, crowds, *out)
	return err
}

// maxLine bounds a line of a file of messages, in bytes.
const maxLine = 4 << 20

// readLines gives each line of a file of JSON objects, with its number, to f. Blank lines are passed over.
func readLines(path string, f func(line int, text []byte) error) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return fileProblem(path, err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for lines.Scan() {
		n++
		text := lines.Bytes()
		if n == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			if err := f(n, text); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return badLine(path, n+1, "太长，一行最多 %d MB；请确认每件占一行", maxLine>>20)
	} else if err != nil {
		return fileProblem(path, err)
	}
	return nil
}

func badLine(path string, line int, format string, args ...any) error {
	return apperr.New(apperr.InvalidArgument, "recognize.line", "%s 第 %d 行%s。没有写出结果，请改正后重试。", path, line, fmt.Sprintf(format, args...))
}

func fileProblem(path string, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return apperr.New(apperr.NotFound, "recognize.file", "没有找到文件 %s，请核对路径。", path)
	}
	return apperr.New(apperr.InvalidArgument, "recognize.file", "读写 %s 失败：%v。", path, err)
}

// readMessages reads what is to be grouped.
func readMessages(path string) (docs []matter.Doc, err error) {
	first := map[string]int{}
	err = readLines(path, func(line int, text []byte) error {
		var m struct {
			ID     *jsonText `json:"id"`
			User   jsonText  `json:"user"`
			Title  string    `json:"title"`
			Time   string    `json:"time"`
			Detail string    `json:"detail"`
		}
		if err := json.Unmarshal(text, &m); err != nil {
			return badLine(path, line, "不是能读的 JSON 对象（%s）", jsonProblem(err))
		}
		if m.ID == nil || *m.ID == "" {
			return badLine(path, line, "没有 id")
		}
		if n, ok := first[string(*m.ID)]; ok {
			return badLine(path, line, "的 id “%s”与第 %d 行重复", *m.ID, n)
		}
		first[string(*m.ID)] = line
		var at time.Time
		if m.Time != "" {
			if at, _, err = ticket.ParseTime(m.Time, false); err != nil {
				return badLine(path, line, "的 time “%s”不是时间，应如 2026-11-20 09:30:00", m.Time)
			}
		}
		d := matter.Doc{ID: string(*m.ID), Order: string(*m.ID), Person: string(m.User), Title: m.Title, Text: m.Detail, At: at}
		for _, l := range ticket.ReadTags(m.Detail).Links {
			if l.Kind == ticket.LinkReassigned || l.Kind == ticket.LinkRepeat || l.Kind == ticket.LinkRelated {
				d.Links = append(d.Links, l.OrderNo)
			}
		}
		docs = append(docs, d)
		return nil
	})
	if err == nil && len(docs) == 0 {
		err = apperr.New(apperr.InvalidArgument, "recognize.empty", "%s 里没有工单。", path)
	}
	return docs, err
}

// jsonText is a text that may also be written as a number, as ids often are.
type jsonText string

// UnmarshalJSON reads a text or a number.
func (t *jsonText) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		*t = jsonText(strings.TrimSpace(s))
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	*t = jsonText(n)
	return nil
}

// jsonProblem says in Chinese what is wrong with a line.
func jsonProblem(err error) string {
	var typ *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &typ) && typ.Field != "":
		return typ.Field + " 的类型不对，应为文本"
	case errors.As(err, &typ):
		return "应以 { 开头"
	case errors.As(err, &syntax):
		return fmt.Sprintf("第 %d 个字节附近写法有误", syntax.Offset)
	}
	return "写法有误"
}

// writeClusters writes the result beside its place first, so that a failure leaves no half of it.
func writeClusters(path string, docs []matter.Doc, groups []string) error {
	number := map[string]int{}
	return writeWhole(path, func(w io.Writer) error {
		out := csv.NewWriter(w)
		if err := out.Write([]string{"id", "cluster"}); err != nil {
			return err
		}
		for i, g := range groups {
			if number[g] == 0 {
				number[g] = len(number) + 1
			}
			if err := out.Write([]string{docs[i].ID, fmt.Sprintf("m%d", number[g])}); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	})
}

func writeWhole(path string, write func(io.Writer) error) error {
	f, err := os.Create(path + ".tmp")
	if err != nil {
		return fileProblem(path, err)
	}
	w := bufio.NewWriter(f)
	err = errors.Join(write(w), w.Flush(), f.Close())
	if err == nil {
		err = os.Rename(path+".tmp", path)
	}
	if err != nil {
		return errors.Join(fileProblem(path, err), os.Remove(path+".tmp"))
	}
	return nil
}
