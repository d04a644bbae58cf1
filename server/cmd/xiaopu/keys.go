package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"xiaopu/server/auth"
	"xiaopu/server/config"
	"xiaopu/server/vault"
)

// signer signs access tokens with the configured key. Without one, a key is made once and kept beside the database;
// the configuration refuses that in production.
func signer(cfg config.Config) (*auth.Signer, error) {
	key := []byte(cfg.TokenKey)
	if len(key) == 0 {
		var err error
		if key, err = localKey(filepath.Join(dataDir(cfg), "token.key"), drawTokenKey); err != nil {
			return nil, err
		}
	}
	return auth.NewSigner(key, time.Now)
}

// sealer seals personal data with the configured keys. Without any, keys are made once and kept beside the database; the
// configuration refuses that in production.
func sealer(cfg config.Config) (*vault.Vault, error) {
	text := string(cfg.VaultKeys)
	if text == "" {
		local, err := localKey(filepath.Join(dataDir(cfg), "vault.keys"), func() []byte { return []byte(vault.Generate()) })
		if err != nil {
			return nil, err
		}
		text = string(local)
	}
	return vault.Parse(text)
}

// localKey reads the file at path, and makes it first when there is none.
func localKey(path string, draw func() []byte) ([]byte, error) {
	key, err := os.ReadFile(path)
	if err == nil {
		return bytes.TrimSpace(key), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key = bytes.TrimSpace(draw())
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// Exclusive, so that two processes that start at once end with one key.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return localKey(path, draw)
	}
	if err != nil {
		return nil, err
	}
	_, err = f.Write(append(key, '\n'))
	return key, errors.Join(err, f.Close())
}

func drawTokenKey() []byte {
	raw := make([]byte, 48)
	_, _ = rand.Read(raw) // never fails
	return []byte(base64.StdEncoding.EncodeToString(raw))
}
