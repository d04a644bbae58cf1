package bench

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"xiaopu/server/api"
	"xiaopu/server/auth"
	"xiaopu/server/workflow"
)

// productServer serves the real handler as `xiaopu serve` does, with its access log on, until its input ends.
func productServer(ctx context.Context, j job, in *bufio.Reader, tell func(any) error) error {
	db, err := database{dsn: j.DSN}.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	log, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	logger := slog.New(slog.NewJSONHandler(log, nil))
	clock := clockFrom(start)
	signer, err := auth.NewSigner([]byte(j.Key), clock)
	if err != nil {
		return err
	}
	return serve(api.NewHandler(api.Options{
		Engine: workflow.New(db, workflow.Options{Clock: clock, Logger: logger}), Signer: signer, Logger: logger, Clock: time.Now,
	}), in, tell)
}

// serve listens on a free port, tells it, and serves until in ends.
func serve(h http.Handler, in io.Reader, tell func(any) error) error {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 5 * time.Minute, WriteTimeout: 5 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		_ = server.Close()
	}()
	if err := tell(process{Address: listener.Addr().String()}); err != nil {
		return err
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// profiled runs fn and, when there is a folder for it, leaves a CPU profile of it there.
func profiled(dir, name string, fn func() error) error {
	if dir == "" {
		return fn()
	}
	f, err := os.CreateTemp(dir, name+"-*.pprof")
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	err = fn()
	pprof.StopCPUProfile()
	return errors.Join(err, f.Close(), os.Rename(f.Name(), filepath.Clean(f.Name())))
}
