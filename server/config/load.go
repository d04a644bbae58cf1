package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

const (
	prefix     = "XIAOPU_"
	fileSuffix = "_FILE"
	// ConfigVariable names the configuration file when no path is given.
	ConfigVariable = "XIAOPU_CONFIG"
	testPrefix     = "XIAOPU_TEST_" // read by tests

	configBytes = 1 << 20
	secretBytes = 64 << 10
)

// Load reads the settings: Default, then the YAML file at path, then the variables XIAOPU_<KEY> in env ("NAME=value", as
// os.Environ gives them), then the files that XIAOPU_<KEY>_FILE name, the line end after their value cut off. An empty path
// means the file that XIAOPU_CONFIG names, or none. A variable set to nothing counts as not set.
//
// The result has passed Validate. The error joins one line for each problem, naming file and line or the variable.
func Load(path string, env []string) (Config, error) {
	l := loader{config: Default(), origin: map[string]string{}}
	vars, names := l.variables(env)
	if path == "" {
		path = vars[ConfigVariable]
	}
	if path != "" {
		l.file(path)
	}
	l.environment(vars, names)
	for _, f := range l.config.check() {
		l.problem("%s“%s”%s", l.origin[f.key], f.key, f.text)
	}
	if len(l.problems) > 0 {
		return Config{}, errors.Join(l.problems...)
	}
	return l.config, nil
}

// loader is a Config in the making.
type loader struct {
	config   Config
	origin   map[string]string // where each key's value was read, for messages
	problems []error
}

func (l *loader) problem(format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf(format, args...))
}

// variables picks ours from the environment, the later of two alike, and their names in order.
func (l *loader) variables(env []string) (map[string]string, []string) {
	vars := map[string]string{}
	for _, e := range env {
		name, value, ok := strings.Cut(e, "=")
		if ok && strings.HasPrefix(name, prefix) && !strings.HasPrefix(name, testPrefix) {
			vars[name] = value
		}
	}
	var names []string
	for name := range vars {
		names = append(names, name)
	}
	slices.Sort(names)
	return vars, names
}

func (l *loader) file(path string) {
	data, err := readFile(path, configBytes)
	if err != nil {
		l.problem("读不到配置文件 %s：%s", path, err)
		return
	}
	var s source
	s.decode(data, configBytes, &l.config)
	for key, line := range s.lines {
		l.origin[key] = fmt.Sprintf("%s 第 %d 行：", path, line)
	}
	if err := s.err(); err != nil {
		for _, text := range strings.Split(err.Error(), "\n") {
			l.problem("%s %s", path, text)
		}
	}
}

// environment applies the variables: all plain ones first, so that files win whatever the order of names.
func (l *loader) environment(vars map[string]string, names []string) {
	v := reflect.ValueOf(&l.config).Elem()
	plain, files := map[string]reflect.Value{}, map[string]reflect.Value{}
	key := map[string]string{}
	var known []string
	for i := range v.NumField() {
		k := fieldName(v.Type().Field(i))
		name := prefix + strings.ToUpper(k)
		plain[name], files[name+fileSuffix] = v.Field(i), v.Field(i)
		key[name], key[name+fileSuffix] = k, k
		known = append(known, name)
	}
	var fromFiles []string
	for _, name := range names {
		value := vars[name]
		switch {
		case name == ConfigVariable || value == "" && key[name] != "":
		case plain[name].IsValid():
			l.set(plain[name], key[name], value, "环境变量 "+name)
		case files[name].IsValid():
			fromFiles = append(fromFiles, name)
		default:
			l.problem("不认识环境变量 %s，请改正或删去（可用：%s，以及各自加 _FILE 的）", name, strings.Join(known, "、"))
		}
	}
	for _, name := range fromFiles {
		data, err := readFile(vars[name], secretBytes)
		if err != nil {
			l.problem("环境变量 %s 指的文件 %s 读不到：%s", name, vars[name], err)
			continue
		}
		l.set(files[name], key[name], strings.TrimRight(string(data), "\r\n"), "环境变量 "+name+" 指的文件")
	}
}

// set reads text as the value of a field. Its messages do not quote the text, which may be a secret in the wrong place.
func (l *loader) set(field reflect.Value, key, text, from string) {
	l.origin[key] = from + "："
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
	case reflect.Int:
		n, ok := wholeNumber(text)
		if !ok {
			l.problem("%s 应为整数", from)
			return
		}
		field.SetInt(int64(n))
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			l.problem("%s 应为 true 或 false", from)
			return
		}
		field.SetBool(b)
	case reflect.Slice:
		var items []string
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
		field.Set(reflect.ValueOf(items))
	default:
		panic("config: no variable for " + field.Type().String())
	}
}

// readFile reads a file of at most limit bytes; its errors say in Chinese what is wrong with it.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, errors.New("文件不存在，请核对路径")
	case errors.Is(err, os.ErrPermission):
		return nil, errors.New("没有读取权限，请检查文件权限")
	case err != nil:
		return nil, errors.New("打不开，请检查文件")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil: // a folder, for one
		return nil, errors.New("读取失败，请检查它是不是一个文件")
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("太大，最多 %d 字节，请核对是否选错了文件", limit)
	}
	return data, nil
}
