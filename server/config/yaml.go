package config

import (
	"bytes"
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"xiaopu/server/workday"
)

// Bounds of a file written by hand. The parser's time and stack grow with depth, with the keys of one mapping and with
// the number of pieces, so they are bounded before it sees them.
const (
	maxDepth   = 20      // brackets within brackets
	maxColumn  = 200     // where a key or a list item begins, outside brackets
	maxKeys    = 1000    // of one mapping; a year has fewer days off
	maxPieces  = 200_000 // line ends and commas; a street of 20,000 people has fewer
	quoteRunes = 20      // of a value in a message

	maxProblems = 100 // told at once: nobody reads more
)

// source is a YAML text decoded into a value, with what is wrong about it.
type source struct {
	problems []problem
	lines    map[string]int // where each path ("people[3].posts") stands
	complete bool           // fields without omitempty must be there
}

// problem is one thing to tell; line is 0 when it has none.
type problem struct {
	line int
	text string
}

func (s *source) add(line int, format string, args ...any) {
	s.problems = append(s.problems, problem{line, fmt.Sprintf(format, args...)})
}

// at adds a problem found after decoding to the line of its path.
func (s *source) at(path, format string, args ...any) { s.add(s.lines[path], format, args...) }

// err joins the problems in the order of their lines.
func (s *source) err() error {
	slices.SortStableFunc(s.problems, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
	var errs []error
	for i, p := range s.problems {
		if i == maxProblems {
			errs = append(errs, fmt.Errorf("……另有 %d 处问题，请先改正以上各处", len(s.problems)-i))
			break
		}
		if p.line > 0 {
			errs = append(errs, fmt.Errorf("第 %d 行：%s", p.line, p.text))
		} else {
			errs = append(errs, errors.New(p.text))
		}
	}
	return errors.Join(errs...)
}

// decode reads data into the struct that into points to. Fields are named by their yaml tag, else by their json tag. What
// the text does not mention keeps its value. It reports whether the text could be read at all; the problems stand in s.
func (s *source) decode(data []byte, limit int, into any) bool {
	s.lines = map[string]int{}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(data) > limit {
		s.add(0, "文件太大：%d 字节，最多 %d 字节，请核对是否选错了文件", len(data), limit)
		return false
	}
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		s.add(0, "文件不是 UTF-8 编码的文本，请另存为 UTF-8 编码")
		return false
	}
	if n := bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte(",")); n > maxPieces {
		s.add(0, "文件内容太多：约 %d 项，最多 %d 项，请核对是否选错了文件", n, maxPieces)
		return false
	}
	body, ok := s.parse(string(data))
	if !ok {
		return false
	}
	v := reflect.ValueOf(into).Elem()
	if body == nil {
		s.missing(v.Type(), "")
		return true
	}
	s.value(body, v, "", 1)
	return len(s.problems) == 0
}

// parse gives the body of the one document, nil when there is nothing but comments.
func (s *source) parse(text string) (body ast.Node, ok bool) {
	defer func() {
		if r := recover(); r != nil { // the parser is not ours to trust with every text
			s.add(0, "YAML 写法有误，请检查缩进、冒号和引号")
			body, ok = nil, false
		}
	}()
	tokens := lexer.Tokenize(text)
	if !s.plain(tokens) {
		return nil, false
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		ln, text := syntaxProblem(err)
		s.add(ln, "%s", text)
		return nil, false
	}
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		if body != nil {
			s.add(line(d.Body), "一个文件只能有一份内容，请删去“---”及其后的部分")
			return nil, false
		}
		body = d.Body
	}
	return body, true
}

// plain refuses what hand-written files do not need, before the parser has to follow it.
func (s *source) plain(tokens token.Tokens) bool {
	depth := 0
	keys := map[int]int{} // keys so far of the mapping open at each column, or (negative) at each depth of brackets
	for i, t := range tokens {
		ln, column := t.Position.Line, t.Position.Column
		refuse := func(format string, args ...any) bool {
			s.add(ln, format, args...)
			return false
		}
		switch t.Type {
		case token.InvalidType:
			s.add(ln, "%s", syntaxText(t.Error))
			return false
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType, token.MappingKeyType, token.DirectiveType:
			// Only its sign: the rest may be a password that ought to stand in quotes.
			return refuse("“%.1s”开头的写法（锚点、引用、标签等）这里不能用，请直接写出内容；以它开头的值请加引号", t.Value)
		case token.MappingStartType, token.SequenceStartType:
			if depth++; depth > maxDepth {
				return refuse("括号嵌套太深，最多 %d 层，请核对", maxDepth)
			}
			keys[-depth] = 0
		case token.MappingEndType, token.SequenceEndType:
			depth = max(depth-1, 0)
		case token.SequenceEntryType:
			if depth == 0 {
				if column > maxColumn {
					return refuse("缩进太深，最多 %d 列，请核对", maxColumn)
				}
				for c := range keys {
					if c > column {
						delete(keys, c)
					}
				}
			}
		case token.MappingValueType:
			at := -depth
			if depth == 0 {
				if column > maxColumn {
					return refuse("缩进太深或名称太长，最多 %d 列，请核对", maxColumn)
				}
				if i > 0 && tokens[i-1].Position.Line == ln {
					at = tokens[i-1].Position.Column
				} else {
					at = column
				}
				for c := range keys {
					if c > at {
						delete(keys, c)
					}
				}
			}
			if keys[at]++; keys[at] > maxKeys {
				return refuse("这里的项太多，最多 %d 项，请核对", maxKeys)
			}
		}
	}
	return true
}

// syntaxProblem words the parser's error without its excerpt of the source, which may hold a secret.
func syntaxProblem(err error) (ln int, text string) {
	if e, ok := errors.AsType[yaml.Error](err); ok {
		if t := e.GetToken(); t != nil && t.Position != nil {
			ln = t.Position.Line
		}
		return ln, syntaxText(e.GetMessage())
	}
	return 0, syntaxText("")
}

func syntaxText(message string) string {
	for _, known := range []struct{ part, text string }{
		{"\t", "不能用制表符（Tab）缩进，请改用空格"},
		{"tab character", "不能用制表符（Tab）缩进，请改用空格"},
		{"end character of", "引号没有配对，请补上另一半"},
		{"end token", "括号没有配对，请补上另一半"},
		{"is a reserved character", "值不能以这个符号开头，请给整个值加上引号"},
		{"mapping value is not allowed", "一行里有两个冒号或缩进不对；值里有冒号时请给整个值加上引号"},
	} {
		if strings.Contains(message, known.part) {
			return known.text
		}
	}
	return "YAML 写法有误，请检查缩进、冒号和引号"
}

func line(n ast.Node) int {
	if n == nil {
		return 0
	}
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		return line(m.Values[0])
	}
	if m, ok := n.(*ast.MappingValueNode); ok {
		n = m.Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

var (
	timeType = reflect.TypeFor[time.Time]()
	// hidden is what keeps its values out of messages.
	hidden = []reflect.Type{reflect.TypeFor[Secret](), reflect.TypeFor[DSN]()}
)

// item is how a path names the ith item of a list: people count from one.
func item(i int) string { return "[" + strconv.Itoa(i+1) + "]" }

// value decodes n into v. path names the place in messages.
func (s *source) value(n ast.Node, v reflect.Value, path string, ln int) {
	if n == nil {
		s.add(ln, "“%s”没有写值，请补上，或删去这一行", path)
		return
	}
	ln = cmp.Or(line(n), ln)
	if _, null := n.(*ast.NullNode); null && path != "" {
		s.add(ln, "“%s”没有写值，请补上，或删去这一行", path)
		return
	}
	if v.Type() == timeType {
		s.time(n, v, path, ln)
		return
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		text, ok := scalar(n)
		if !ok {
			s.mismatch(ln, path, "一个值", n, v.Type())
		} else if err := u.UnmarshalText([]byte(text)); err != nil {
			s.add(ln, "“%s”：%s", path, err)
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		s.mapping(n, path, ln, "若干“名称: 值”", v.Type(), func(pairs []*ast.MappingValueNode) { s.fields(pairs, v, path, ln) })
	case reflect.Map:
		s.mapping(n, path, ln, "若干“名称: 值”", v.Type(), func(pairs []*ast.MappingValueNode) { s.entries(pairs, v, path) })
	case reflect.Slice:
		list, ok := n.(*ast.SequenceNode)
		if !ok {
			s.mismatch(ln, path, "列表（每项以“- ”开头）", n, v.Type())
			return
		}
		out := reflect.MakeSlice(v.Type(), len(list.Values), len(list.Values))
		for i, node := range list.Values {
			p := path + item(i)
			s.lines[p] = cmp.Or(line(node), ln)
			s.value(node, out.Index(i), p, s.lines[p])
		}
		v.Set(out)
	case reflect.String:
		switch n.(type) {
		case *ast.StringNode, *ast.LiteralNode, *ast.IntegerNode:
			text, _ := scalar(n)
			v.SetString(text)
		default:
			s.mismatch(ln, path, "文字（不是文字的请加引号）", n, v.Type())
		}
	case reflect.Int:
		text, _ := scalar(n)
		if i, ok := wholeNumber(text); ok && isPlain(n) {
			v.SetInt(int64(i))
		} else {
			s.mismatch(ln, path, "整数", n, v.Type())
		}
	case reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			s.mismatch(ln, path, " true 或 false", n, v.Type())
			return
		}
		v.SetBool(b.Value)
	default:
		panic("config: no YAML for " + v.Type().String())
	}
}

// wholeNumber reads plain decimal digits: 010 and 0x10 mean different numbers to different readers.
func wholeNumber(text string) (int, bool) {
	i, err := strconv.Atoi(text)
	if err != nil || strconv.Itoa(i) != text || i > math.MaxInt32 || i < math.MinInt32 {
		return 0, false
	}
	return i, true
}

func isPlain(n ast.Node) bool {
	_, ok := n.(*ast.IntegerNode)
	return ok
}

// scalar gives a scalar as it was written, quotes taken off.
func scalar(n ast.Node) (string, bool) {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value, true
	case *ast.LiteralNode:
		return x.Value.Value, true
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		return "", false
	}
	if t := n.GetToken(); t != nil {
		return t.Value, true
	}
	return "", false
}

func (s *source) mismatch(ln int, path, want string, n ast.Node, t reflect.Type) {
	text, ok := scalar(n)
	switch {
	case slices.Contains(hidden, t):
		s.add(ln, "“%s”应为%s", path, want)
	case !ok:
		s.add(ln, "“%s”应为%s，现在写的是多项内容", path, want)
	default:
		s.add(ln, "“%s”应为%s，现在是“%s”", path, want, shorten(text))
	}
}

func (s *source) mapping(n ast.Node, path string, ln int, want string, t reflect.Type, then func([]*ast.MappingValueNode)) {
	switch m := n.(type) {
	case *ast.MappingNode:
		then(m.Values)
	case *ast.MappingValueNode:
		then([]*ast.MappingValueNode{m})
	default:
		if path == "" {
			s.add(ln, "文件应由若干“名称: 值”组成，请对照示例文件")
			return
		}
		s.mismatch(ln, path, want, n, t)
	}
}

func (s *source) fields(pairs []*ast.MappingValueNode, v reflect.Value, path string, ln int) {
	byName := fieldsOf(v.Type())
	first := map[string]int{}
	for _, pair := range pairs {
		name, _ := scalar(pair.Key)
		at := cmp.Or(line(pair.Key), ln)
		f, known := byName[name]
		switch {
		case !known:
			s.add(at, "不认识“%s”，请改正或删去（可用：%s）", shorten(join(path, name)), strings.Join(names(v.Type()), "、"))
			continue
		case first[name] > 0:
			s.add(at, "“%s”在第 %d 行已经写过，请只留一处", join(path, name), first[name])
			continue
		}
		first[name] = at
		p := join(path, name)
		s.lines[p] = at
		s.value(pair.Value, v.FieldByIndex(f.Index), p, at)
	}
	if s.complete {
		s.missing(v.Type(), path)
	}
}

// missing tells which fields without omitempty the text does not mention.
func (s *source) missing(t reflect.Type, path string) {
	if !s.complete {
		return
	}
	for _, name := range names(t) {
		if p := join(path, name); s.lines[p] == 0 && !strings.Contains(string(fieldsOf(t)[name].Tag), ",omitempty") {
			s.at(path, "缺少“%s”，请补上", p)
		}
	}
}

func (s *source) entries(pairs []*ast.MappingValueNode, v reflect.Value, path string) {
	out := reflect.MakeMapWithSize(v.Type(), len(pairs))
	for _, pair := range pairs {
		at := line(pair.Key)
		text, _ := scalar(pair.Key)
		key := reflect.New(v.Type().Key())
		reader, ok := key.Interface().(encoding.TextUnmarshaler)
		if !ok {
			panic("config: no keys of " + v.Type().Key().String())
		}
		if err := reader.UnmarshalText([]byte(text)); err != nil {
			s.add(at, "%s", err)
			continue
		}
		p := join(path, text)
		if s.lines[p] > 0 || out.MapIndex(key.Elem()).IsValid() {
			s.add(at, "“%s”已经写过，请只留一处", shorten(text))
			continue
		}
		s.lines[p] = at
		element := reflect.New(v.Type().Elem()).Elem()
		s.value(pair.Value, element, p, at)
		out.SetMapIndex(key.Elem(), element)
	}
	v.Set(out)
}

// time reads 2026-11-22T09:00:00+08:00, or 2026-11-22 09:00 in Shanghai.
func (s *source) time(n ast.Node, v reflect.Value, path string, ln int) {
	text, ok := scalar(n)
	if ok {
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			v.Set(reflect.ValueOf(t))
			return
		}
		if t, err := time.ParseInLocation("2006-01-02 15:04", text, workday.Shanghai); err == nil {
			v.Set(reflect.ValueOf(t))
			return
		}
	}
	s.mismatch(ln, path, "时间，例如 2026-11-22 09:00", n, v.Type())
}

func fieldsOf(t reflect.Type) map[string]reflect.StructField {
	out := make(map[string]reflect.StructField, t.NumField())
	for i := range t.NumField() {
		if f := t.Field(i); fieldName(f) != "" {
			out[fieldName(f)] = f
		}
	}
	return out
}

func names(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		if name := fieldName(t.Field(i)); name != "" {
			out = append(out, name)
		}
	}
	return out
}

func fieldName(f reflect.StructField) string {
	tag, ok := f.Tag.Lookup("yaml")
	if !ok {
		tag = f.Tag.Get("json")
	}
	name, _, _ := strings.Cut(tag, ",")
	if name == "-" {
		return ""
	}
	return name
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// shorten cuts what a message quotes, and keeps it on one line.
func shorten(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= quoteRunes {
		return s
	}
	return string([]rune(s)[:quoteRunes]) + "…"
}
