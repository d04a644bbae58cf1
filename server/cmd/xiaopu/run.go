package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"xiaopu/configs"
	"xiaopu/server/apperr"
	"xiaopu/server/config"
	"xiaopu/server/store"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

// version is set at build time.
var version = "dev"

// The exit codes: fine, failed, and called the wrong way.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// command is one subcommand.
type command struct {
	name  string // may be two words: "calendar add"
	usage string // arguments
	short string
	run   func(c *call) error
}

// call is one invocation.
type call struct {
	ctx    context.Context
	args   []string // behind the command's name
	env    []string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	flags  *flag.FlagSet
	config string
}

var errUsage = errors.New("usage")

var commands = []command{
	{"serve", "[--demo]", "启动服务", serve},
	{"import", "文件 [--source hotline] [--dry-run]", "导入工单（.xlsx、.csv）", importFile},
	{"calendar add", "--from 日期 --days 天数", "计算第 N 个工作日", calendarAdd},
	{"calendar load", "文件 [--yes]", "载入一年的放假安排（国务院通知原文 .txt 或 .yaml）", calendarLoad},
	{"calendar close", "--from 日期 --to 日期 --reason 原因", "登记本地停工（如台风）", calendarClose},
	{"sweep", "", "处理一遍到期事项后退出", sweep},
	{"audit verify", "", "核对每件难事的时间线是否被事后改动", auditVerify},
	{"organisation load", "文件", "载入组织架构（.yaml）", organisationLoad},
	{"user list", "", "列出人员及岗位", userList},
	{"user token", "姓名或编号 [--hours 12]", "打印登录令牌（正式环境不可用）", userToken},
	{"migrate", "", "建立或升级数据库表", migrate},
	{"openapi", "", "打印接口说明（OpenAPI 3.1）", openAPI},
	{"version", "", "打印版本", printVersion},
}

// run is the whole program with everything it depends on as arguments.
func run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(stdout)
		if len(args) == 0 {
			return exitUsage
		}
		return exitOK
	}
	for _, cmd := range commands {
		words := strings.Fields(cmd.name)
		if len(args) < len(words) || strings.Join(args[:len(words)], " ") != cmd.name {
			continue
		}
		c := &call{ctx: ctx, args: args[len(words):], env: env, stdin: stdin, stdout: stdout, stderr: stderr}
		c.flags = flag.NewFlagSet(cmd.name, flag.ContinueOnError)
		c.flags.SetOutput(io.Discard)
		c.flags.StringVar(&c.config, "config", "", "配置文件")
		return c.finish(cmd, cmd.run(c))
	}
	fmt.Fprintf(stderr, "没有“%s”这个命令。输入 xiaopu help 查看全部命令。\n", strings.Join(args[:min(2, len(args))], " "))
	return exitUsage
}

func usage(w io.Writer) {
	fmt.Fprint(w, "小浦帮办：难事快办的服务与工具。\n\n用法：xiaopu 命令 [参数] [--config 配置文件]\n\n")
	for _, cmd := range commands {
		fmt.Fprintf(w, "  %-18s %s\n", cmd.name, cmd.short)
	}
	fmt.Fprint(w, "\n各命令的参数见：xiaopu 命令 --help\n数据库由环境变量 XIAOPU_DB 或配置文件指定：sqlite:文件路径，或 mysql:用户:密码@tcp(主机:端口)/库名；\n不指定时用 data/xiaopu.db。\n")
}

// finish turns a command's error into what the person reads and the exit code.
func (c *call) finish(cmd command, err error) int {
	var refused *apperr.Error
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(c.stdout, "%s\n\n用法：xiaopu %s %s\n\n", cmd.short, cmd.name, cmd.usage)
		c.flags.SetOutput(c.stdout)
		c.flags.PrintDefaults()
		return exitOK
	case errors.Is(err, errUsage):
		fmt.Fprintf(c.stderr, "用法：xiaopu %s %s\n", cmd.name, cmd.usage)
		return exitUsage
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(c.stderr, "已中断。")
		return exitError
	case errors.As(err, &refused):
		fmt.Fprintln(c.stderr, strings.TrimSpace(refused.Message))
		return exitError
	}
	fmt.Fprintln(c.stderr, err)
	return exitError
}

// parse reads flags wherever they stand among the arguments and checks how many others there are.
func (c *call) parse(least, most int) ([]string, error) {
	var rest []string
	args := c.args
	for {
		if err := c.flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			fmt.Fprintln(c.stderr, flagMessage(err))
			return nil, errUsage
		}
		if c.flags.NArg() == 0 {
			break
		}
		rest = append(rest, c.flags.Arg(0))
		args = c.flags.Args()[1:]
	}
	if len(rest) < least || len(rest) > most {
		return nil, errUsage
	}
	return rest, nil
}

func flagMessage(err error) string {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: "); ok {
		return "没有参数 " + name + "。"
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: "); ok {
		return "参数 " + name + " 后面缺少内容。"
	}
	return "参数写法不对：" + text
}

// system is what most commands work on.
type system struct {
	config config.Config
	db     *store.DB
	engine *workflow.Engine
	log    *slog.Logger
}

func (c *call) logger(level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewJSONHandler(c.stderr, &slog.HandlerOptions{Level: level}))
}

// loadConfig reads the settings; every problem is told.
func (c *call) loadConfig() (config.Config, error) { return config.Load(c.config, c.env) }

// open opens the database named by the settings, migrated, with calendar and policy in it. quiet keeps the log to
// warnings, for commands whose output a person reads.
func (c *call) open(cfg config.Config, quiet bool) (*system, error) {
	level := cfg.Level()
	if quiet {
		level = max(level, slog.LevelWarn)
	}
	s := &system{config: cfg, log: c.logger(level)}
	sealer, err := sealer(cfg)
	if err != nil {
		return nil, err
	}
	if s.db, err = store.Open(c.ctx, string(cfg.DB), store.Options{Logger: s.log, Sealer: sealer}); err != nil {
		return nil, err
	}
	if err := c.prepare(s); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

func (c *call) prepare(s *system) error {
	if _, err := s.db.Migrate(c.ctx); err != nil {
		return err
	}
	s.engine = workflow.New(s.db, workflow.Options{Clock: time.Now, Logger: s.log})
	text, err := configs.Files.ReadFile("policy.yaml")
	if err != nil {
		return err
	}
	policy, err := config.LoadPolicy(text)
	if err != nil {
		return err
	}
	files, err := fs.Glob(configs.Files, "workdays/*.yaml")
	if err != nil {
		return err
	}
	var years []workday.Year
	for _, name := range files {
		if text, err = configs.Files.ReadFile(name); err != nil {
			return err
		}
		y, err := config.LoadYear(text)
		if err != nil {
			return err
		}
		years = append(years, y)
	}
	if err := s.engine.Seed(c.ctx, years, policy); err != nil {
		return err
	}
	k, err := s.engine.Knowledge(c.ctx)
	if err == nil && s.config.Mode == config.Production && k.Demo() {
		return apperr.New(apperr.FailedPrecondition, "demo.database", "这是演示用的数据库（虚构的人员和工单，时钟可能已拨快），正式环境不能用，请用 XIAOPU_DB 指定另一个数据库。")
	}
	return err
}

// with opens the system for one command and closes it.
func (c *call) with(fn func(s *system) error) error {
	cfg, err := c.loadConfig()
	if err != nil {
		return err
	}
	s, err := c.open(cfg, true)
	if err != nil {
		return err
	}
	return errors.Join(fn(s), s.db.Close())
}

// now is the instant the system lives in: the demonstration clock's, when it was moved.
func (s *system) now(ctx context.Context) (time.Time, error) {
	k, err := s.engine.Knowledge(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return s.engine.Now(k), nil
}

// dataDir is where files beside the database live: its folder on SQLite, data/ otherwise.
func dataDir(cfg config.Config) string {
	if path, ok := strings.CutPrefix(string(cfg.DB), "sqlite:"); ok {
		return filepath.Dir(path)
	}
	return "data"
}

func printVersion(c *call) error {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	_, err := fmt.Fprintln(c.stdout, version)
	return err
}

func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, apperr.New(apperr.NotFound, "file.missing", "找不到文件“%s”，请检查路径。", path)
	}
	if info.IsDir() || info.Size() > limit {
		return nil, apperr.New(apperr.InvalidArgument, "file.size", "“%s”不是文件，或超过 %d KB，请检查是否选错了文件。", path, limit>>10)
	}
	return os.ReadFile(path)
}
