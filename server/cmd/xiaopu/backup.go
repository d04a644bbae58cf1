package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/config"
	"xiaopu/server/store"
)

// backup is `xiaopu backup`. The file appears under its name only when all of it is on the disk.
func backup(c *call) error {
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	path := args[0]
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return apperr.New(apperr.AlreadyExists, "backup.exists", "“%s”已经存在，不会覆盖：请换一个文件名，例如带上日期。", path)
	}
	return c.connected(existing, func(_ config.Config, db *store.DB) error {
		f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial") // readable by its owner alone
		if err != nil {
			return apperr.New(apperr.Unavailable, "backup.folder", "不能在 %s 里新建文件：请检查文件夹是否存在、能否写入。", filepath.Dir(path)).With(err)
		}
		s, err := writeBackup(c.ctx, db, f)
		if err == nil {
			err = publish(f.Name(), path)
		}
		if err != nil {
			return errors.Join(err, os.Remove(f.Name()))
		}
		fmt.Fprintf(c.stdout, "已备份 %d 张表、%d 行到 %s（表结构第 %d 版）。\n", len(s.Tables), s.Rows, path, len(s.Migrations))
		fmt.Fprintln(c.stdout, "备份里的个人信息仍是密文：请把 vault_keys 另外妥善备份，没有它恢复后无法查看。")
		return nil
	})
}

// writeBackup fills f, brings it to the disk and closes it.
func writeBackup(ctx context.Context, db *store.DB, f *os.File) (store.BackupSummary, error) {
	s, err := db.Backup(ctx, f, version, time.Now())
	if err == nil {
		err = f.Sync()
	}
	var full *fs.PathError
	if err = errors.Join(err, f.Close()); errors.As(err, &full) {
		err = apperr.New(apperr.Unavailable, "backup.disk", "写不下备份文件：请检查磁盘空间。").With(err)
	}
	return s, err
}

// publish gives a finished file its name, unless somebody has taken it meanwhile, and brings that to the disk.
func publish(from, to string) error {
	if err := os.Link(from, to); errors.Is(err, fs.ErrExist) {
		return apperr.New(apperr.AlreadyExists, "backup.exists", "“%s”已经存在，不会覆盖：请换一个文件名，例如带上日期。", to)
	} else if err != nil { // a file system without links
		if err := os.Rename(from, to); err != nil {
			return err
		}
	} else if err := os.Remove(from); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	_ = folder.Sync() // not every system can; the file itself is on the disk
	return folder.Close()
}

// restore is `xiaopu restore`.
func restore(c *call) error {
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	f, err := os.Open(args[0])
	if err != nil {
		return apperr.New(apperr.NotFound, "file.missing", "打不开文件“%s”，请检查路径和读取权限。", args[0])
	}
	defer f.Close()
	// A damaged backup makes no database.
	if _, err := store.CheckBackup(f); err != nil {
		return err
	}
	if _, err := f.Seek(0, 0); err != nil {
		return err
	}
	return c.connected(creating, func(cfg config.Config, db *store.DB) error {
		done, err := db.Restore(c.ctx, f)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.stdout, "已恢复 %s 的备份到 %s：%d 张表、%d 行。\n", done.MadeAt.In(shanghai).Format("2006-01-02 15:04"), cfg.DB, len(done.Tables), done.Rows)
		if done.Migrated > 0 {
			fmt.Fprintf(c.stdout, "表结构由第 %d 版升级到第 %d 版。\n", len(done.Migrations), len(done.Migrations)+done.Migrated)
		}
		if !done.SameKeys {
			fmt.Fprintln(c.stdout, "注意：这里的 vault_keys 与备份时的不同，已加密的个人信息看不了，按手机号也查不到。请换上备份时的密钥再启动服务。")
		}
		fmt.Fprintln(c.stdout, "请运行 xiaopu audit verify 核对。")
		return nil
	})
}

// connected opens the database as it is, without making or changing a table.
func (c *call) connected(a access, fn func(config.Config, *store.DB) error) error {
	cfg, err := c.loadConfig()
	if err != nil {
		return err
	}
	db, err := c.connect(cfg, a, c.logger(max(cfg.Level(), slog.LevelWarn)))
	if err != nil {
		return err
	}
	return errors.Join(fn(cfg, db), db.Close())
}
