package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"xiaopu/configs"
	"xiaopu/server/api"
	"xiaopu/server/apperr"
	"xiaopu/server/blob"
	"xiaopu/server/config"
	"xiaopu/server/content"
	"xiaopu/server/live"
	"xiaopu/server/metrics"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
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

	metrics *metrics.Metrics // of serve alone
	live    *live.Hub        // likewise
	preview *api.Preview     // likewise
}

var errUsage = errors.New("usage")

// commands is filled in by init: help, which is one of them, lists them all.
var commands []command

func init() {
	commands = []command{
		{"serve", "[--demo] [--preview 目录]", "启动服务", serve},
		{"import inspect", "文件 [--source hotline] [--save 模板名]", "识别一张表各列的含义，做成导入模板", importInspect},
		{"import", "文件 [--source hotline] [--profile 模板] [--list 清单] [--dry-run]", "导入工单（.xlsx、.xls、.csv、网页表格）", importFile},
		{"profile list", "", "列出导入模板", profileList},
		{"profile load", "文件", "载入导入模板（.yaml）", profileLoad},
		{"calendar add", "--from 日期 --days 天数", "计算第 N 个工作日", calendarAdd},
		{"calendar load", "文件 [--yes]", "载入一年的放假安排（国务院通知原文 .txt 或 .yaml）", calendarLoad},
		{"calendar close", "--from 日期 --to 日期 --reason 原因 [--past] [--yes]", "登记本地停工（如台风）", calendarClose},
		{"calendar list", "", "列出已载入的年份和停工", calendarList},
		{"calendar reopen", "停工编号 [--yes]", "撤销一次停工", calendarReopen},
		{"recognize group", "--in 工单.jsonl --out 结果.csv [--places 地名库.yaml]", "哪些工单说的是同一事项（多人同诉）", recognizeGroup},
		{"recognize train", "[--kind topics|leads] | --in 文件.jsonl --model 文件", "从本街道的历史工单（或带类别的文本文件）训练分类模型", recognizeTrain},
		{"recognize models", "", "列出从本街道历史训练的模型", recognizeModels},
		{"recognize switch", "版本 | --stop topics|leads", "启用一个模型，或停用", recognizeSwitch},
		{"recognize evaluate", "--in 文件.jsonl --model 文件 [--model 另一个] | --in 文件.jsonl --folds 份数 [--also 文件.jsonl] | --model 版本 [--model 另一个]", "检验模型，比较两个模型，或交叉验证", recognizeEvaluate},
		{"recognize classify", "--model 文件 --in 文件.jsonl --out 文件.csv [--reasons 文件.jsonl]", "用模型给文本分类", recognizeClassify},
		{"topics show", "", "列出事项类别", topicsShow},
		{"topics load", "文件.yaml", "载入本街道的事项类别和用词", topicsLoad},
		{"duties load", "文件.yaml", "载入权责清单", dutiesLoad},
		{"sweep", "", "处理一遍到期事项后退出", sweep},
		{"audit verify", "", "核对每件难事的时间线和附件是否被事后改动", auditVerify},
		{"vault keys", "[--add 文件]", "生成封存密钥文件；--add 在原有文件上增加一把新密钥（轮换）", vaultKeys},
		{"vault status", "", "各把密钥下封存了多少，重新封存的进度", vaultStatus},
		{"vault reseal", "", "立即用当前密钥重新封存（服务运行时会自动在后台进行）", vaultReseal},
		{"retention run", "[--dry-run]", "删除保存期满的个人信息并出具证明", retentionRun},
		{"retention certificate", "编号", "打印一份删除证明，并核对明细", retentionCertificate},
		{"organisation load", "文件 [--whole] [--all] [--yes]", "载入组织架构（.xlsx、.yaml），先预览变化再确认", organisationLoad},
		{"organisation template", "文件.xlsx", "生成组织架构空表，附填写说明", organisationTemplate},
		{"organisation export", "文件.xlsx 或 .yaml", "导出现有组织架构", organisationExport},
		{"user list", "", "列出人员及岗位", userList},
		{"user token", "姓名或编号 [--hours 12]", "打印登录令牌（正式环境不可用）", userToken},
		{"user password", "姓名或编号 [--reset-totp]", "重置密码，打印初始密码（首位管理员由此开通）", userPassword},
		{"user unlock", "姓名或编号", "解除登录锁定", userUnlock},
		{"gazetteer load", "文件", "载入地名库（.yaml）：小区、道路、村居、企业的名称和别名，以文件为准", gazetteerLoad},
		{"gazetteer list", "", "列出地名库", gazetteerList},
		{"policy show", "", "列出各版入库标准和期限", policyShow},
		{"policy dry-run", "[--burst-tickets 4 …] [--from 日期 --to 日期]", "试算：换一套入库标准，历史工单会有多少成为难事", policyDryRun},
		{"migrate", "", "建立或升级数据库表", migrate},
		{"backup", "文件", "备份整个数据库（服务不必停）", backup},
		{"restore", "文件", "把备份恢复到一个空的数据库", restore},
		{"wechat-sim", "[--listen 127.0.0.1:8090] [--callback http://127.0.0.1:8080]", "启动微信模拟平台和模拟手机（试用、测试）", weChatSim},
		{"openapi", "", "打印接口说明（OpenAPI 3.1）", openAPI},
		{"version", "", "打印版本", printVersion},
	}
}

// run is the whole program with everything it depends on as arguments.
func run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stdout, commands)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "--help":
		return help(args[1:], stdout, stderr)
	case "--version", "-version":
		args = append([]string{"version"}, args[1:]...)
	}
	if cmd, rest, ok := find(args); ok {
		c := &call{ctx: ctx, args: rest, env: env, stdin: stdin, stdout: stdout, stderr: stderr}
		c.flags = flag.NewFlagSet(cmd.name, flag.ContinueOnError)
		c.flags.SetOutput(io.Discard)
		c.flags.StringVar(&c.config, "config", "", "配置文件")
		return c.finish(cmd, cmd.run(c))
	}
	if of := under(args[0]); len(of) > 0 {
		if len(args) > 1 && slices.Contains([]string{"help", "-h", "--help"}, args[1]) {
			usage(stdout, of)
			return exitOK
		}
		if len(args) > 1 {
			fmt.Fprintf(stderr, "没有“%s”这个命令。\n", strings.Join(args[:2], " "))
		}
		usage(stderr, of)
		return exitUsage
	}
	fmt.Fprintf(stderr, "没有“%s”这个命令。输入 xiaopu help 查看全部命令。\n", strings.Join(args[:min(2, len(args))], " "))
	return exitUsage
}

// find gives the command that args begin with, and what stands behind its name.
func find(args []string) (cmd command, rest []string, ok bool) {
	for _, cmd := range commands {
		words := strings.Fields(cmd.name)
		if len(args) >= len(words) && slices.Equal(args[:len(words)], words) {
			return cmd, args[len(words):], true
		}
	}
	return command{}, nil, false
}

// under gives the commands of two words that begin with first.
func under(first string) []command {
	return slices.DeleteFunc(slices.Clone(commands), func(c command) bool { return !strings.HasPrefix(c.name, first+" ") })
}

// help is `xiaopu help [COMMAND]`: the same as COMMAND --help.
func help(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stdout, commands)
		return exitOK
	}
	return run(context.Background(), append(slices.Clone(args), "--help"), nil, strings.NewReader(""), stdout, stderr)
}

func usage(w io.Writer, list []command) {
	fmt.Fprint(w, "小浦帮办：难事快办的服务与工具。\n\n用法：xiaopu 命令 [参数] [--config 配置文件]\n\n")
	for _, cmd := range list {
		fmt.Fprintf(w, "  %-22s %s\n", cmd.name, cmd.short)
	}
	fmt.Fprint(w, "\n各命令的参数见：xiaopu help 命令\n数据库由环境变量 XIAOPU_DB 或配置文件指定：sqlite:文件路径，或 mysql:用户:密码@tcp(主机:端口)/库名；\n不指定时用 data/xiaopu.db。\n")
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
	if m := badFlagValue.FindStringSubmatch(text); m != nil {
		want := "参数写法不对"
		if m[3] == "parse error" || m[3] == "value out of range" {
			want = "应为整数"
		}
		return "参数 --" + m[2] + " 的值“" + m[1] + "”不对：" + want + "。"
	}
	return "参数写法不对：" + text
}

// badFlagValue is how package flag says it.
var badFlagValue = regexp.MustCompile(`^invalid (?:boolean )?value "(.*)" for (?:flag )?-([^:]+): (.*)$`)

// system is what most commands work on.
type system struct {
	config config.Config
	db     *store.DB
	engine *workflow.Engine
	log    *slog.Logger
}

func (c *call) logger(level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewJSONHandler(c.stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: maskAttr}))
}

// maskAttr masks numbers in what other programs and panics say: a driver's error repeats the value that it is about.
func maskAttr(_ []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case "error", "panic", "text", slog.MessageKey:
		return slog.String(a.Key, ticket.MaskText(a.Value.String()))
	}
	return a
}

// loadConfig reads the settings; every problem is told.
func (c *call) loadConfig() (config.Config, error) { return config.Load(c.config, c.env) }

// access is what a command asks of the database.
type access int

const (
	existing access = iota // it must be there, with its tables: for what reads or changes what is in it
	creating               // it is made, or its tables brought up to date, when need be
)

// connect opens the database named by the settings, as it is.
func (c *call) connect(cfg config.Config, a access, log *slog.Logger) (*store.DB, error) {
	if path, ok := strings.CutPrefix(string(cfg.DB), "sqlite:"); ok && a == existing {
		// Before the keys, which would be made beside it.
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, apperr.New(apperr.NotFound, "store.missing", "没有数据库文件 %s：请核对 XIAOPU_DB 或配置文件的 db，及当前所在的文件夹。", path)
		}
	}
	sealer, err := sealer(cfg)
	if err != nil {
		return nil, err
	}
	return store.Open(c.ctx, string(cfg.DB), store.Options{Logger: log, Sealer: sealer})
}

// open opens the database with calendar and policy in it. quiet keeps the log to warnings, for commands whose output a
// person reads.
func (c *call) open(cfg config.Config, a access, quiet bool) (*system, error) {
	level := cfg.Level()
	if quiet {
		level = max(level, slog.LevelWarn)
	}
	s := &system{config: cfg, log: c.logger(level)}
	var err error
	if s.db, err = c.connect(cfg, a, s.log); err != nil {
		return nil, err
	}
	if err := c.prepare(s, a); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

func (c *call) prepare(s *system, a access) error {
	version, known, err := s.db.Schema(c.ctx)
	switch {
	case err != nil:
		return err
	case a == existing && version == 0:
		return apperr.New(apperr.FailedPrecondition, "store.no_tables", "数据库 %s 里还没有本系统的表：请核对数据库地址；新库请先运行 xiaopu migrate 或 xiaopu serve。", s.config.DB)
	case a == existing && version < known:
		return apperr.New(apperr.FailedPrecondition, "store.older_tables", "数据库的表还是第 %d 版，本程序需要第 %d 版：请先备份（xiaopu backup），再运行 xiaopu migrate 升级。", version, known)
	case version == 0:
		fmt.Fprintf(c.stderr, "正在新建数据库 %s 的表……\n", s.config.DB)
	}
	if _, err := s.db.Migrate(c.ctx); err != nil {
		return err
	}
	profiles, err := config.ImportProfiles(configs.Files)
	if err != nil {
		return err
	}
	words, err := wordList(s.config.ContentWords)
	if err != nil {
		return err
	}
	blobs, err := blob.NewFolder(cmp.Or(s.config.Attachments, filepath.Join(dataDir(s.config), "attachments")))
	if err != nil {
		return apperr.New(apperr.Unavailable, "blob.folder", "存放附件的文件夹用不了：请核对配置 attachments 和该文件夹的权限。").With(err)
	}
	topics, err := shippedTopics()
	if err != nil {
		return err
	}
	s.engine = workflow.New(s.db, workflow.Options{Clock: time.Now, Topics: topics, Logger: s.log, Profiles: profiles, Blobs: blobs, Words: words, Live: c.live, Metrics: c.metrics})
	if err := s.engine.CheckKeys(c.ctx); err != nil {
		return err
	}
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
	if err := s.engine.CountPast(c.ctx); err != nil {
		return err
	}
	k, err := s.engine.Knowledge(c.ctx)
	if err == nil && s.config.Mode == config.Production && k.Demo() {
		return apperr.New(apperr.FailedPrecondition, "demo.database", "这是演示用的数据库（虚构的人员和工单，时钟可能已拨快），正式环境不能用，请用 XIAOPU_DB 指定另一个数据库。")
	}
	return err
}

// wordList reads the list that residents' words are compared with; nil for the one built in.
func wordList(path string) (*content.Words, error) {
	if path == "" {
		return nil, nil
	}
	text, err := readFile(path, 1<<20)
	if err != nil {
		return nil, err
	}
	w, err := content.Parse(string(text))
	if err != nil {
		return nil, apperr.New(apperr.InvalidArgument, "content.words", "词表“%s”有误：%s。", path, err)
	}
	return w, nil
}

// with opens the system for one command and closes it. The database must be there.
func (c *call) with(fn func(s *system) error) error { return c.within(existing, fn) }

// withNew is with for a command that a new installation may begin with.
func (c *call) withNew(fn func(s *system) error) error { return c.within(creating, fn) }

func (c *call) within(a access, fn func(s *system) error) error {
	cfg, err := c.loadConfig()
	if err != nil {
		return err
	}
	s, err := c.open(cfg, a, true)
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
