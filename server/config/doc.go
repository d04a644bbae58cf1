// Package config reads the files and the environment that the program starts from.
//
// There are two kinds. Settings of this installation (Config: database, address, secrets) are read by Load at every
// start, each source over the one before: Default, the YAML file, XIAOPU_* variables, XIAOPU_*_FILE variables that name a
// file with the value. Seeds (LoadPolicy, LoadYear, LoadOrganisation) fill an empty database once; after that the
// database's dated versions rule.
//
// All of it is strict: an unknown key or variable, a value of another type, a key given twice is an error, because a
// setting that is silently not applied is found out when it is too late. Every problem is told at once, one line each, in
// Chinese, with the line of the file. Secrets show in no message and in no print of a Config.
//
// YAML here is the plain subset people write by hand: mappings, lists, scalars, comments. Anchors, tags and several
// documents in one file are refused, and so are files too large or too deep to have been written by hand.
package config
