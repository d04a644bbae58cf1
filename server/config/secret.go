package config

import (
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
)

// Secret is a value that no print, log or JSON shows. string(s) gives it to whoever needs it.
type Secret string

const (
	secretSet   = "[已设置]"
	secretUnset = "[未设置]"
)

// String says only whether there is one.
func (s Secret) String() string {
	if s == "" {
		return secretUnset
	}
	return secretSet
}

// Format is String for every verb: %d or %x would otherwise print the value.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String, for JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// DSN is the address of a database, sqlite:path or mysql:user:password@tcp(host:port)/name. No print, log or JSON shows
// its user and password. string(d) gives all of it to the store.
type DSN string

// mysqlServer is what may show of a MySQL address. Everything before the last @ may belong to the password, and
// everything may when the rest does not look like a server.
var mysqlServer = regexp.MustCompile(`@((?:tcp|unix)\([A-Za-z0-9._:/\[\]-]+\)/[A-Za-z0-9_-]+)(?:\?[^@]*)?$`)

// String is the address without user, password and parameters; of one that is mistyped, nothing.
func (d DSN) String() string {
	kind, rest, _ := strings.Cut(string(d), ":")
	switch kind {
	case "":
		return secretUnset
	case "sqlite":
		return string(d)
	case "mysql":
		if m := mysqlServer.FindStringSubmatch(rest); m != nil {
			return "mysql:***@" + m[1]
		}
		return "mysql:***"
	}
	return "***"
}

// Format is String for every verb.
func (d DSN) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, d.String()) }

// LogValue is String.
func (d DSN) LogValue() slog.Value { return slog.StringValue(d.String()) }

// MarshalText is String, for JSON.
func (d DSN) MarshalText() ([]byte, error) { return []byte(d.String()), nil }
