// Package server_test keeps the shape that docs/architecture.md draws: imports point one way, each outside library has
// one owner, the core does no I/O, and nobody but the command asks what time it is.
package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// layers orders the packages from the core outwards: a package imports only from its own layer and the ones before it.
// A package below another counts with it (briefing/gongwen with briefing). A new package finds its place here first.
var layers = [][]string{
	pureLayer: {
		"server/apperr", "server/parallel", "server/workday", "server/ticket", "server/casework", "server/organisation", "server/matter", "server/classify", "server/recognition",
		"server/merit", "server/duty",
	},
	1: {"configs", "server/config", "server/vault", "server/blob", "server/cache", "server/live", "server/content", "server/metrics", "server/wechat", "server/console"},
	2: {"server/store"},
	3: {"server/workflow", "server/insight", "server/auth"},
	4: {"server/deadline", "server/notify", "server/intake", "server/hearing", "server/briefing"},
	5: {"server/api"},
	6: {"server/demo", "server/store/storetest", "server/bench"},
	7: {"server/cmd"},
}

const pureLayer = 0

// testOnly are the packages that no product code may import.
var testOnly = []string{"server/store/storetest", "server/bench"}

// owners names the one package that may import an outside library.
var owners = map[string]string{
	"github.com/gin-gonic/gin":       "server/api",
	"github.com/danielgtaylor/huma":  "server/api",
	"github.com/go-sql-driver/mysql": "server/store",
	"modernc.org/sqlite":             "server/store",
	"github.com/klauspost/compress":  "server/store",
	"github.com/redis/go-redis":      "server/cache",
	"github.com/prometheus":          "server/metrics",
	"github.com/silenceper/wechat":   "server/wechat",
	"github.com/golang-jwt/jwt":      "server/auth",
	"golang.org/x/crypto":            "server/auth",
	"github.com/emmansun/gmsm":       "server/vault",
	"github.com/tjfoc/gmsm":          "server/vault",
	"github.com/xuri/excelize":       "server/intake",
	"golang.org/x/net/html":          "server/intake",
	"github.com/goccy/go-yaml":       "server/config",
}

// impure are the standard packages through which the world gets in or out.
var impure = []string{
	"crypto/rand", "database/sql", "io/ioutil", "log", "math/rand", "net", "os", "plugin", "syscall",
}

// alsoPure are below an impure one and yet only compute. log/slog is among them for LogValue, by which a type with
// personal data masks itself.
var alsoPure = []string{"net/url", "net/netip", "log/slog"}

// pkg is what the rules look at in a package. Its paths are relative to the module.
type pkg struct {
	path    string
	imports []string // as in go list: the module's own begin with xiaopu/
	clocks  []string // where time.Now is named, file:line
}

func TestArchitecture(t *testing.T) {
	for _, v := range violations(listPackages(t)) {
		t.Error(v)
	}
}

// violations gives one line per broken rule.
func violations(pkgs []pkg) (all []string) {
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for _, p := range pkgs {
		layer := layerOf(p.path)
		if layer < 0 {
			say("%s has no place: name it in the layers of server/architecture_test.go", p.path)
			continue
		}
		test := slices.ContainsFunc(testOnly, func(t string) bool { return within(p.path, t) })
		for _, imp := range p.imports {
			if own, ok := strings.CutPrefix(imp, "xiaopu/"); ok {
				if l := layerOf(own); l > layer {
					say("%s imports %s, which lies further out", p.path, own)
				}
				if !test && slices.ContainsFunc(testOnly, func(t string) bool { return within(own, t) }) {
					say("%s imports %s, which is for tests", p.path, own)
				}
				continue
			}
			for lib, owner := range owners {
				if (within(imp, lib) || strings.HasPrefix(imp, lib+"/v")) && !within(p.path, owner) {
					say("%s imports %s, which belongs to %s", p.path, imp, owner)
				}
			}
			if layer == pureLayer && !slices.Contains(alsoPure, imp) &&
				slices.ContainsFunc(impure, func(i string) bool { return within(imp, i) }) {
				say("%s imports %s, but it is pure: no I/O, no chance", p.path, imp)
			}
		}
		if !test && !within(p.path, "server/cmd") {
			for _, at := range p.clocks {
				say("%s names time.Now at %s: time is an argument, the clock stands in server/cmd", p.path, at)
			}
		}
	}
	slices.Sort(all)
	return all
}

// layerOf gives the layer of path by the longest name that holds it, and -1 when there is none.
func layerOf(path string) int {
	layer, longest := -1, 0
	for i, names := range layers {
		for _, name := range names {
			if within(path, name) && len(name) > longest {
				layer, longest = i, len(name)
			}
		}
	}
	return layer
}

// within tells whether path is root or lies below it.
func within(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}

// listPackages reads what the module's packages import, tests aside.
func listPackages(t *testing.T) (pkgs []pkg) {
	t.Helper()
	// -e: a package that does not compile is another test's news.
	out, err := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Dir,GoFiles,Imports", "xiaopu/...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Log(string(exit.Stderr))
		}
		t.Fatal(err)
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Dir  string
			GoFiles, Imports []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) == 0 { // tests alone, as here
			continue
		}
		one := pkg{path: strings.TrimPrefix(p.ImportPath, "xiaopu/"), imports: p.Imports}
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Error(err)
				continue
			}
			one.clocks = append(one.clocks, clocks(fset, f)...)
		}
		pkgs = append(pkgs, one)
	}
	if len(pkgs) == 0 {
		t.Fatal("go list gave no package")
	}
	return pkgs
}

// clocks gives each place in f that names time.Now, called or handed on.
func clocks(fset *token.FileSet, f *ast.File) (at []string) {
	name := ""
	for _, imp := range f.Imports {
		if path, err := strconv.Unquote(imp.Path.Value); err == nil && path == "time" {
			name = "time"
			if imp.Name != nil {
				name = imp.Name.Name
			}
		}
	}
	if name == "" {
		return nil
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == name && n.Sel.Name == "Now" {
				pos := fset.Position(n.Pos())
				at = append(at, fmt.Sprintf("%s:%d", filepath.Base(pos.Filename), pos.Line))
			}
		case *ast.ImportSpec:
			if n.Name != nil && n.Name.Name == "." && n.Path.Value == `"time"` {
				at = append(at, "import . "+n.Path.Value)
			}
		}
		return true
	})
	return at
}

func TestViolations(t *testing.T) {
	for name, c := range map[string]struct {
		pkgs []pkg
		want []string
	}{
		"all is well": {[]pkg{
			{path: "server/apperr", imports: []string{"errors", "fmt"}},
			{path: "server/casework", imports: []string{"time", "net/url", "xiaopu/server/workday", "xiaopu/server/apperr"}},
			{path: "server/store", imports: []string{"os", "database/sql", "modernc.org/sqlite", "modernc.org/sqlite/lib", "xiaopu/server/casework"}},
			{path: "server/store/storetest", imports: []string{"github.com/go-sql-driver/mysql", "xiaopu/server/store"}, clocks: []string{"a.go:1"}},
			{path: "server/briefing/gongwen", imports: []string{"xiaopu/server/insight"}},
			{path: "server/api", imports: []string{"github.com/danielgtaylor/huma/v2", "net/http", "xiaopu/server/intake", "xiaopu/server/wechat/wechatsim"}},
			{path: "server/cmd/xiaopu", imports: []string{"os", "xiaopu/server/api", "xiaopu/server/demo"}, clocks: []string{"main.go:3"}},
		}, nil},
		"an import that points outwards": {
			[]pkg{{path: "server/store", imports: []string{"xiaopu/server/workflow"}}, {path: "server/workflow", imports: []string{"xiaopu/server/api"}}, {path: "server/casework", imports: []string{"xiaopu/server/store"}}},
			[]string{
				"server/casework imports server/store, which lies further out",
				"server/store imports server/workflow, which lies further out",
				"server/workflow imports server/api, which lies further out",
			},
		},
		"a library in the wrong hands": {
			[]pkg{{path: "server/workflow", imports: []string{"github.com/golang-jwt/jwt/v5", "github.com/go-sql-driver/mysql"}}, {path: "server/notify", imports: []string{"github.com/silenceper/wechat/v2/officialaccount"}}},
			[]string{
				"server/notify imports github.com/silenceper/wechat/v2/officialaccount, which belongs to server/wechat",
				"server/workflow imports github.com/go-sql-driver/mysql, which belongs to server/store",
				"server/workflow imports github.com/golang-jwt/jwt/v5, which belongs to server/auth",
			},
		},
		"the world inside the core": {
			[]pkg{{path: "server/merit", imports: []string{"os", "net/http", "database/sql", "math/rand/v2", "log", "log/slog", "crypto/rand", "math", "logx"}}},
			[]string{
				"server/merit imports crypto/rand, but it is pure: no I/O, no chance",
				"server/merit imports database/sql, but it is pure: no I/O, no chance",
				"server/merit imports log, but it is pure: no I/O, no chance",
				"server/merit imports math/rand/v2, but it is pure: no I/O, no chance",
				"server/merit imports net/http, but it is pure: no I/O, no chance",
				"server/merit imports os, but it is pure: no I/O, no chance",
			},
		},
		"a clock outside the command": {
			[]pkg{{path: "server/deadline", clocks: []string{"sweeper.go:12"}}, {path: "server/commander", clocks: []string{"x.go:1"}}},
			[]string{
				"server/commander has no place: name it in the layers of server/architecture_test.go",
				"server/deadline names time.Now at sweeper.go:12: time is an argument, the clock stands in server/cmd",
			},
		},
		"a test package in the product": {
			[]pkg{{path: "server/cmd/xiaopu", imports: []string{"xiaopu/server/store/storetest"}}, {path: "server/api", imports: []string{"xiaopu/server/demo"}}},
			[]string{
				"server/api imports server/demo, which lies further out",
				"server/cmd/xiaopu imports server/store/storetest, which is for tests",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, violations(c.pkgs)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestClocks(t *testing.T) {
	for name, c := range map[string]struct {
		source string
		want   []string
	}{
		"a call":                 {"package x\nimport \"time\"\nvar a = time.Now()", []string{"x.go:3"}},
		"handed on":              {"package x\nimport \"time\"\nvar a = time.Now", []string{"x.go:3"}},
		"under another name":     {"package x\nimport clock \"time\"\nvar a = clock.Now()", []string{"x.go:3"}},
		"with a dot":             {"package x\nimport . \"time\"\nvar a = Now()", []string{`import . "time"`}},
		"another package's time": {"package x\nimport \"y/time\"\nvar a = time.Now()", nil},
		"other uses of time":     {"package x\nimport \"time\"\nvar a = time.Second // time.Now()", nil},
		"a field called Now":     {"package x\nimport \"time\"\nvar a = env.Now.Add(time.Hour)", nil},
	} {
		t.Run(name, func(t *testing.T) {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, "x.go", c.source, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, clocks(fset, f)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
