// Package configs holds the files a new installation starts from, so that the program needs nothing beside itself.
// Package config reads them; the database's dated versions rule once it is seeded.
package configs

import "embed"

// Files holds policy.yaml, topics.yaml, notices.yaml, privacy.md, org.example.yaml, duties.example.yaml, workdays/<year>.yaml and import-profiles/<source>.yaml.
//
//go:embed policy.yaml topics.yaml notices.yaml privacy.md org.example.yaml duties.example.yaml workdays/*.yaml import-profiles/*.yaml
var Files embed.FS
