package wechatsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keptMessages is how many of a phone's messages outlive the process: the whole file is written at every change.
const keptMessages = 100

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
	k := kept{Number: s.number}
	for _, p := range s.phones {
		one := *p
		one.Messages = one.Messages[max(0, len(one.Messages)-keptMessages):]
		k.Phones = append(k.Phones, &one)
	}
	text, err := json.Marshal(k)
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
