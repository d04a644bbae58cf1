package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The test binary is its own servers: started again with a role, it plays it and ends.
const (
	roleVariable = "XIAOPU_BENCH_ROLE"
	jobVariable  = "XIAOPU_BENCH_JOB"
)

// job is what a role is told.
type job struct {
	DSN     string
	Key     string // signs tokens
	File    string // to import
	Open    bool   // to import without sealing
	Share   [3]int // of a bare sweep: cases in a batch, which one to begin with, how many to go on
	Profile string // folder for CPU profiles; "" for none
}

// roles are what the binary can be, each given its job, its input (which ends when it shall) and its output: one JSON
// line when it is ready, and one more with what it did, when it has something to tell.
var roles = map[string]func(ctx context.Context, j job, in *bufio.Reader, tell func(any) error) error{
	"product": productServer, "bare": bareServer, "sweep": productSweep, "bare-sweep": bareSweep, "import": importFile,
}

func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		code := m.Run()
		results.print(os.Stdout)
		os.Exit(code)
	}
	var j job
	err := json.Unmarshal([]byte(os.Getenv(jobVariable)), &j)
	if err == nil {
		err = profiled(j.Profile, role, func() error {
			return roles[role](context.Background(), j, bufio.NewReader(os.Stdin), func(v any) error {
				line, err := json.Marshal(v)
				if err != nil {
					return err
				}
				_, err = os.Stdout.Write(append(line, '\n'))
				return err
			})
		})
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", role, err)
		os.Exit(1)
	}
}

// process is a running role, or the database server, which the bench only watches.
type process struct {
	Address string `json:"address"`

	pid int
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// spawn starts a role and waits until it is ready. It ends with its input, so also when the bench is killed.
func spawn(role string, j job) (*process, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(context.Background(), self, "-test.run=^$")} // stop ends it
	p.cmd.Env = append(os.Environ(), roleVariable+"="+role, jobVariable+"="+string(text))
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.pid = p.cmd.Process.Pid
	if err := p.hear(p); err != nil {
		return nil, errors.Join(fmt.Errorf("%s did not start: %w", role, err), p.stop())
	}
	return p, nil
}

// hear reads the next line the role tells.
func (p *process) hear(v any) error {
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, v)
}

// say sends a line: go.
func (p *process) say() error {
	_, err := p.in.Write([]byte("go\n"))
	return err
}

// stop ends the role and waits for it.
func (p *process) stop() error {
	if p == nil || p.cmd == nil {
		return nil
	}
	_ = p.in.Close()
	late := time.AfterFunc(15*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	return p.cmd.Wait()
}

// cpu gives the seconds of CPU it has used; 0 where the system does not tell.
func (p *process) cpu() float64 {
	if p == nil || p.pid == 0 {
		return 0
	}
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.pid), "stat"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold anything
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, err1 := strconv.ParseFloat(f[11], 64)
	system, err2 := strconv.ParseFloat(f[12], 64)
	if err1 != nil || err2 != nil {
		return 0
	}
	return (user + system) / 100 // clock ticks
}

// memory gives what it holds resident now and at its most, in MB; 0 where the system does not tell.
func memory(pid int) (now, peak float64) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(text)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f", &kb); n == 1 {
			now = kb / 1024
		}
		if n, _ := fmt.Sscanf(line, "VmHWM: %f", &kb); n == 1 {
			peak = kb / 1024
		}
	}
	return now, peak
}

// databaseProcess finds the database server's process, to watch its CPU; nil where it cannot be seen.
func (d database) databaseProcess(ctx context.Context) *process {
	if d.engine != "mysql" {
		return nil
	}
	p, err := d.bare(ctx)
	if err != nil {
		return nil
	}
	defer func() { _ = p.close() }()
	var path string
	if err := p.read.QueryRowContext(ctx, `SELECT @@pid_file`).Scan(&path); err != nil {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return nil
	}
	return &process{pid: pid}
}
