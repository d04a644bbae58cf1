package vault

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"xiaopu/server/apperr"
)

// indexName stands before the blind index's key in a file of keys.
const indexName = "index"

// Parse makes a Vault of a file of keys: one on each line, or between commas, as NAME:BASE64 of KeyBytes bytes. NAME is a
// number for a master key and “index” for the blind index. Lines that begin with # are notes.
//
// The error is *apperr.Error invalid_argument vault.keys; it says what is wrong and shows no key.
func Parse(text string) (*Vault, error) {
	keys, index := Keys{}, []byte(nil)
	for n, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == ',' }) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, encoded, _ := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
		id, numberErr := strconv.Atoi(name)
		switch {
		case err != nil || len(key) != KeyBytes:
			return nil, badKeys("第 %d 项不是 %d 字节的 base64", n+1, KeyBytes)
		case name == indexName && index == nil:
			index = key
		case name == indexName || numberErr == nil && keys[id] != nil:
			return nil, badKeys("第 %d 项的名称重复", n+1)
		case numberErr != nil || id < 1 || id > maxKeyID:
			return nil, badKeys("第 %d 项应以序号（1 到 %d）或 index 开头", n+1, maxKeyID)
		default:
			keys[id] = key
		}
	}
	switch {
	case len(keys) == 0:
		return nil, badKeys("没有封存密钥（如 1:……）")
	case index == nil:
		return nil, badKeys("没有检索密钥（index:……）")
	}
	return New(keys, index)
}

func badKeys(format string, args ...any) error {
	return apperr.New(apperr.InvalidArgument, "vault.keys", "密钥文件有误：%s。请用 xiaopu vault keys 生成，或从备份取回原来的文件。", fmt.Sprintf(format, args...))
}

// Generate draws a new file of keys: master key 1 and the blind index's key.
func Generate() string {
	return indexName + ":" + draw() + "\n1:" + draw() + "\n"
}

// Add draws a further master key and gives the file with it: from then on it seals, and what was sealed before still opens.
// The error is Parse's.
func Add(text string) (string, error) {
	v, err := Parse(text)
	if err != nil {
		return "", err
	}
	if v.current == maxKeyID {
		return "", badKeys("序号已用到 %d", maxKeyID)
	}
	return strings.TrimRight(text, "\n") + fmt.Sprintf("\n%d:%s\n", v.current+1, draw()), nil
}

func draw() string {
	key := make([]byte, KeyBytes)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}
