package wechatsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// kept is what the file holds.
type kept struct {
	Number int64    `json:"number"`
	Phones []*Phone `json:"phones"`
}

func (s *Server) load() error {
	if s.keep == "" {
		return nil
	}
	text, err := os.ReadFile(s.keep)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var k kept
	if err := json.Unmarshal(text, &k); err != nil {
		return fmt.Errorf("微信模拟平台的文件 %s 已损坏，请删去它再启动：%w", s.keep, err)
	}
	s.phones, s.number = k.Phones, max(s.number, k.Number)
	return nil
}

// save writes the file when something has changed: in full beside it, then in its place.
func (s *Server) save() {
	if s.keep == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dirty {
		return
	}
	text, err := json.Marshal(kept{s.number, s.phones})
	if err != nil {
		return
	}
	next := s.keep + ".new"
	if err = os.MkdirAll(filepath.Dir(s.keep), 0o700); err == nil {
		err = os.WriteFile(next, text, 0o600)
	}
	if err == nil {
		err = os.Rename(next, s.keep)
	}
	s.dirty = err != nil // the next request tries again
}
