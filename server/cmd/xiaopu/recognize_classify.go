package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
	"runtime"
	"text/tabwriter"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/classify"
	"xiaopu/server/store"
)

// recognizeTrain is `xiaopu recognize train`: a model learned from texts whose label is known.
func recognizeTrain(c *call) error {
	in := c.flags.String("in", "", "带类别的文本，每行一个 JSON 对象：title、detail、text、label，缺的可以不写")
	file := c.flags.String("model", "", "模型文件")
	kind := c.flags.String("kind", string(store.TopicModel), "从历史工单学什么：topics 事项类别，leads 牵头部门")
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	switch {
	case (*in == "") != (*file == ""):
		return errUsage
	case !knownKind(*kind):
		return errKind
	case *in == "":
		return learn(c, *kind)
	}
	examples, err := readExamples(*in)
	if err != nil {
		return err
	}
	began := time.Now()
	m, err := classify.Train(examples, runtime.GOMAXPROCS(0))
	if err != nil {
		return err
	}
	err = writeWhole(*file, func(w io.Writer) error {
		_, err := w.Write(m.Bytes())
		return err
	})
	if err != nil {
		return err
	}
	f := m.Figures()
	_, err = fmt.Fprintf(c.stdout, "用 %d 条文本、%d 种类别训练，%.1f 秒。模型 %s，%d KB，已写入 %s。\n训练时留出检验：准确率 %.4f，宏平均 F1 %.4f，校准误差 %.4f。\n",
		m.Examples(), len(m.Labels()), time.Since(began).Seconds(), m.Version(), (len(m.Bytes())+1023)>>10, *file, f.Accuracy, f.MacroF1, f.ECE)
	return err
}

// recognizeClassify is `xiaopu recognize classify`.
func recognizeClassify(c *call) error {
	file := c.flags.String("model", "", "模型文件")
	in := c.flags.String("in", "", "要分类的文本，每行一个 JSON 对象：rid、title、detail、text，后三项缺的可以不写")
	out := c.flags.String("out", "", "结果文件（.csv，两列 rid,label）")
	why := c.flags.String("reasons", "", "另写一个文件，每行一个 JSON 对象：各条的类别、概率和依据")
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	if *file == "" || *in == "" || *out == "" {
		return errUsage
	}
	m, err := readModel(*file)
	if err != nil {
		return err
	}
	ids, texts, err := readTexts(*in)
	if err != nil {
		return err
	}
	began := time.Now()
	guesses := m.ClassifyAll(texts, runtime.GOMAXPROCS(0))
	took := time.Since(began).Seconds()
	empty := 0
	err = writeWhole(*out, func(w io.Writer) error {
		rows := csv.NewWriter(w)
		if err := rows.Write([]string{"rid", "label"}); err != nil {
			return err
		}
		for i, g := range guesses {
			if texts[i].Empty() {
				empty++
			}
			if err := rows.Write([]string{ids[i], g[0].Label}); err != nil {
				return err
			}
		}
		rows.Flush()
		return rows.Error()
	})
	if err != nil {
		return err
	}
	if *why != "" {
		if err := writeReasons(*why, m, ids, texts, guesses); err != nil {
			return err
		}
	}
	fmt.Fprintf(c.stdout, "%d 条，每秒 %.0f 条。结果已写入 %s。\n", len(ids), float64(len(ids))/max(took, 1e-9), *out)
	if empty > 0 {
		fmt.Fprintf(c.stdout, "其中 %d 条没有文字，只能给出最常见的类别。\n", empty)
	}
	return nil
}

func writeReasons(path string, m *classify.Model, ids []string, texts []classify.Text, guesses [][]classify.Guess) error {
	type reason struct {
		Words string  `json:"words"`
		Share float64 `json:"share"`
	}
	return writeWhole(path, func(w io.Writer) error {
		out := json.NewEncoder(w)
		out.SetEscapeHTML(false)
		for i, g := range guesses {
			line := struct {
				ID          string   `json:"rid"`
				Label       string   `json:"label"`
				Probability float64  `json:"probability"`
				Reasons     []reason `json:"reasons"`
			}{ids[i], g[0].Label, rounded(g[0].Probability), []reason{}}
			for _, r := range m.Reasons(texts[i], g[0].Label) {
				line.Reasons = append(line.Reasons, reason{r.Words, rounded(r.Share)})
			}
			if err := out.Encode(line); err != nil {
				return err
			}
		}
		return nil
	})
}

func rounded(p float64) float64 { return math.Round(p*1e4) / 1e4 }

// recognizeEvaluate is `xiaopu recognize evaluate`: one model, two side by side, or how good one learned from these texts is.
func recognizeEvaluate(c *call) error {
	var files []string
	c.flags.Func("model", "模型文件；写两次则比较两个模型。不写 --in 时为已保存的模型的版本", func(s string) error {
		files = append(files, s)
		return nil
	})
	in := c.flags.String("in", "", "带类别的文本，每行一个 JSON 对象：title、detail、text、label，缺的可以不写")
	folds := c.flags.Int("folds", 0, "交叉验证的份数（2 到 20）：轮流留出一份检验、用其余训练，不需要 --model；相近的文本总在同一份，dup_group 相同的也是")
	also := c.flags.String("also", "", "交叉验证时只用于训练的文本；与留出那份相近的不用")
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	if (*folds == 0) == (len(files) == 0) || len(files) > 2 || *in == "" && *folds != 0 || *also != "" && *folds == 0 {
		return errUsage
	}
	if *in == "" {
		return evaluateKept(c, files)
	}
	examples, err := readExamples(*in)
	if err != nil {
		return err
	}
	if *folds != 0 {
		return crossValidate(c, examples, *also, *folds)
	}
	var names []string
	var tests [][]classify.Verdict
	for _, file := range files {
		m, err := readModel(file)
		if err != nil {
			return err
		}
		names = append(names, fmt.Sprintf("%s（%s，用 %d 条训练）", m.Version(), file, m.Examples()))
		tests = append(tests, m.Test(examples, runtime.GOMAXPROCS(0)))
	}
	printTests(c.stdout, names, tests)
	return nil
}

// evaluateKept tests models that are kept in the database on what has come in since.
func evaluateKept(c *call, versions []string) error {
	return c.with(func(s *system) error {
		list, err := s.engine.TestModels(c.ctx, versions, runtime.GOMAXPROCS(0))
		if err != nil {
			return err
		}
		var names []string
		var tests [][]classify.Verdict
		for _, t := range list {
			names = append(names, fmt.Sprintf("%s（%s，用 %d 件训练）", t.Version, t.KindLabel, t.Examples))
			tests = append(tests, t.Verdicts)
		}
		printTests(c.stdout, names, tests)
		return nil
	})
}

// printTests tells how good one model is, or which of two is better.
func printTests(w io.Writer, names []string, tests [][]classify.Verdict) {
	for i, v := range tests {
		fmt.Fprintf(w, "模型 %s\n", names[i])
		printFigures(w, classify.Measure(v))
	}
	if len(tests) == 2 {
		d := classify.Compare(tests[0], tests[1])
		fmt.Fprintf(w, "第二个模型改对 %d 条，改错 %d 条；两者其实一样好的话，差别至少这么大的机会是 %.3f。\n", d.Mended, d.Broken, d.Chance)
	}
}

func crossValidate(c *call, examples []classify.Example, also string, folds int) error {
	if folds < 2 || folds > 20 {
		return apperr.New(apperr.InvalidArgument, "recognize.folds", "--folds 现在是 %d，应为 2 到 20。", folds)
	}
	var extra []classify.Example
	if also != "" {
		var err error
		if extra, err = readExamples(also); err != nil {
			return err
		}
	}
	verdicts, of, err := classify.CrossValidate(examples, extra, folds, runtime.GOMAXPROCS(0))
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "%d 折交叉验证：\n", len(of))
	for i, f := range of {
		fmt.Fprintf(c.stdout, "  第 %d 份 %d 条：准确率 %.4f，宏平均 F1 %.4f，校准误差 %.4f\n", i+1, f.Texts, f.Accuracy, f.MacroF1, f.ECE)
	}
	accuracy := func(f classify.Figures) float64 { return f.Accuracy }
	macro := func(f classify.Figures) float64 { return f.MacroF1 }
	meanA, spreadA := meanOf(of, accuracy)
	meanF, spreadF := meanOf(of, macro)
	fmt.Fprintf(c.stdout, "  平均（标准差）：准确率 %.4f（%.4f），宏平均 F1 %.4f（%.4f）\n合计：\n", meanA, spreadA, meanF, spreadF)
	printFigures(c.stdout, classify.Measure(verdicts))
	return nil
}

func meanOf(of []classify.Figures, value func(classify.Figures) float64) (mean, spread float64) {
	for _, f := range of {
		mean += value(f) / float64(len(of))
	}
	for _, f := range of {
		spread += (value(f) - mean) * (value(f) - mean) / float64(max(len(of)-1, 1))
	}
	return mean, math.Sqrt(spread)
}

func printFigures(w io.Writer, f classify.Figures) {
	fmt.Fprintf(w, "%d 条：准确率 %.4f，宏平均 F1 %.4f，校准误差 %.4f\n", f.Texts, f.Accuracy, f.MacroF1, f.ECE)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "  类别\t条数\t查准率\t查全率\tF1\t最常错认为")
	for _, l := range f.Labels {
		mistaken := ""
		if l.MistakenTexts > 0 {
			mistaken = fmt.Sprintf("%s（%d）", l.MostMistaken, l.MistakenTexts)
		}
		fmt.Fprintf(t, "  %s\t%d\t%.3f\t%.3f\t%.3f\t%s\n", l.Label, l.Texts, l.Precision, l.Recall, l.F1, mistaken)
	}
	_ = t.Flush()
}

const mostModel = 256 << 20

func readModel(path string) (*classify.Model, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fileProblem(path, err)
	}
	if info.IsDir() || info.Size() > mostModel {
		return nil, apperr.New(apperr.InvalidArgument, "recognize.file", "“%s”不是模型文件，请核对路径。", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fileProblem(path, err)
	}
	return classify.Read(data)
}

// textLine is what a line says; labels and ids are only in some files.
type textLine struct {
	ID     *jsonText `json:"rid"`
	Title  string    `json:"title"`
	Detail string    `json:"detail"`
	Text   string    `json:"text"`
	Label  *jsonText `json:"label"`
	Group  *jsonText `json:"dup_group"`
}

func (l textLine) text() classify.Text {
	return classify.Text{Title: l.Title, Detail: l.Detail, Text: l.Text}
}

func readTextLines(path string, f func(line int, l textLine) error) error {
	n := 0
	err := readLines(path, func(line int, text []byte) error {
		var l textLine
		if err := json.Unmarshal(text, &l); err != nil {
			return badLine(path, line, "不是能读的 JSON 对象（%s）", jsonProblem(err))
		}
		n++
		return f(line, l)
	})
	if err == nil && n == 0 {
		err = apperr.New(apperr.InvalidArgument, "recognize.empty", "%s 里没有文本。", path)
	}
	return err
}

// readExamples reads texts with their labels.
func readExamples(path string) (examples []classify.Example, err error) {
	err = readTextLines(path, func(line int, l textLine) error {
		e := classify.Example{Text: l.text()}
		if l.Label == nil || *l.Label == "" {
			return badLine(path, line, "没有 label（类别）")
		}
		if e.Label = string(*l.Label); len([]rune(e.Label)) > classify.MostLabelRunes {
			return badLine(path, line, "的 label 太长，最多 %d 个字", classify.MostLabelRunes)
		}
		if e.Empty() {
			return badLine(path, line, "没有文字：title、detail、text 至少要有一项有内容")
		}
		if l.Group != nil && *l.Group != "" {
			h := fnv.New64a()
			h.Write([]byte(*l.Group))
			e.Group = int(h.Sum64() | 1) // the same in every file
		}
		examples = append(examples, e)
		return nil
	})
	return examples, err
}

// readTexts reads what is to be classified.
func readTexts(path string) (ids []string, texts []classify.Text, err error) {
	first := map[jsonText]int{}
	err = readTextLines(path, func(line int, l textLine) error {
		if l.ID == nil || *l.ID == "" {
			return badLine(path, line, "没有 rid（编号）")
		}
		if n, ok := first[*l.ID]; ok {
			return badLine(path, line, "的 rid “%s”与第 %d 行重复", *l.ID, n)
		}
		first[*l.ID] = line
		ids = append(ids, string(*l.ID))
		texts = append(texts, l.text())
		return nil
	})
	return ids, texts, err
}
