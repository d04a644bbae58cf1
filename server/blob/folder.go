package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Folder is a Store in a folder. Several processes may share one that they all see; it needs fsync and an atomic rename, as
// every local file system and NFS have them.
type Folder struct{ path string }

// NewFolder uses a folder and makes it where it is missing.
func NewFolder(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	return &Folder{path: path}, nil
}

// attachmentName is an id as the system makes them; nothing else becomes part of a path. bodyName begins with a letter, so
// that a file still being written, which begins with a dot, is none.
var (
	attachmentName = regexp.MustCompile(`^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$`)
	bodyName       = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
)

// dir is where an attachment's bodies lie. The last digits of an id are drawn, so that its folders are equally full.
func (f *Folder) dir(attachment string) (string, error) {
	if !attachmentName.MatchString(attachment) {
		return "", errors.New("blob: no name of an attachment")
	}
	return filepath.Join(f.path, attachment[len(attachment)-2:], attachment), nil
}

func (f *Folder) file(key string) (dir, path string, err error) {
	attachment, name, _ := strings.Cut(key, "/")
	if dir, err = f.dir(attachment); err != nil {
		return "", "", err
	}
	if !bodyName.MatchString(name) {
		return "", "", errors.New("blob: no name of a body")
	}
	return dir, filepath.Join(dir, name), nil
}

// Put writes a file beside its place, makes it durable, and renames it: see Store.
func (f *Folder) Put(_ context.Context, key string, body []byte) error {
	dir, path, err := f.file(key)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		// A new folder is as durable as the entries that lead to it.
		if err := errors.Join(syncDir(filepath.Dir(dir)), syncDir(f.path)); err != nil {
			return err
		}
	}
	return writeDurably(dir, path, body)
}

func writeDurably(dir, path string, body []byte) error {
	t, err := os.CreateTemp(dir, ".writing-")
	if err != nil {
		return err
	}
	_, err = t.Write(body)
	if err == nil {
		err = t.Sync()
	}
	err = errors.Join(err, t.Close())
	if err == nil {
		err = os.Rename(t.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(t.Name()))
	}
	return syncDir(dir)
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Get reads a file: see Store.
func (f *Folder) Get(_ context.Context, key string) ([]byte, error) {
	_, path, err := f.file(key)
	if err != nil {
		return nil, err
	}
	body, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	return body, err
}

// List reads a folder: see Store.
func (f *Folder) List(_ context.Context, attachment string) ([]string, error) {
	dir, err := f.dir(attachment)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if bodyName.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// Remove deletes files, or the whole folder: see Store.
func (f *Folder) Remove(_ context.Context, attachment string, names ...string) error {
	dir, err := f.dir(attachment)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return os.RemoveAll(dir)
	}
	for _, name := range names {
		if !bodyName.MatchString(name) {
			return errors.New("blob: no name of a body")
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
