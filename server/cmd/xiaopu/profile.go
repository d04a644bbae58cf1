package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"xiaopu/configs"
	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/config"
	"xiaopu/server/intake"
	"xiaopu/server/ticket"
)

const sourceUsage = "来源：hotline 12345热线、petition 信访、opinion 舆情、department 部门发现、grid 网格上报"

const listUsage = "这是一张清单：dissatisfied 不满意件、unresolved 未解决件、reassigned 重新交办、not_contacted 未先行联系件"

// parseSource reads a --source.
func parseSource(name string) (ticket.Source, error) {
	for _, s := range ticket.Sources {
		if name == string(s) || name == s.Label() {
			return s, nil
		}
	}
	return "", apperr.New(apperr.InvalidArgument, "import.source", "没有来源“%s”，可选 hotline（12345热线）、petition（信访）、opinion（舆情）、department（部门发现）、grid（网格上报）。", name)
}

// importInspect is `xiaopu import inspect`: what the columns of a sheet probably mean, and a profile made of that.
func importInspect(c *call) error {
	name := c.flags.String("source", string(ticket.Hotline), sourceUsage)
	list := c.flags.String("list", "", listUsage)
	save := c.flags.String("save", "", "按建议做成模板，存为“模板名.yaml”，供核对后用 xiaopu profile load 载入")
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	source, err := parseSource(*name)
	if err != nil {
		return err
	}
	profiles, err := c.profilesToTry(source)
	if err != nil {
		return err
	}
	in, err := intake.Inspect(args[0], source, intake.Listing{List: ticket.List(*list)}, profiles)
	if err != nil {
		return err
	}
	in.Table(c.stdout)
	if *save == "" {
		return nil
	}
	return c.saveProfile(in, *save)
}

// profilesToTry gives the profiles of a source; without a database those that are shipped.
func (c *call) profilesToTry(source ticket.Source) (list []ticket.Profile, err error) {
	err = c.with(func(s *system) error {
		list, err = s.engine.ProfilesToTry(c.ctx, source, "")
		return err
	})
	if apperr.ReasonOf(err) != "store.missing" {
		return list, err
	}
	all, err := config.ImportProfiles(configs.Files)
	return slices.DeleteFunc(all, func(p ticket.Profile) bool { return p.Source != source }), err
}

// saveProfile writes the draft of an inspection as a file that is not there yet.
func (c *call) saveProfile(in intake.Inspection, name string) error {
	p := in.Draft
	p.Name = name
	if err := p.Check(); err != nil {
		return err
	}
	file := strings.NewReplacer("/", "_", `\`, "_").Replace(name) + ".yaml"
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return apperr.New(apperr.AlreadyExists, "profile.file_exists", "文件 %s 已经存在，请换一个模板名，或先移走它。", file)
	}
	if err != nil {
		return err
	}
	notes := map[string]string{}
	for _, col := range in.Columns {
		notes[col.Header] = strings.TrimSpace(col.Label + " " + col.Note)
	}
	_, err = f.Write(config.FormatProfile(p, notes))
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "已写入 %s。请核对各列的 field，然后：xiaopu profile load %s\n", file, file)
	return err
}

// profileLoad is `xiaopu profile load`: a profile file into the database, in place of one of the same name.
func profileLoad(c *call) error {
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	p, err := readProfile(args[0])
	if err != nil {
		return err
	}
	return c.withNew(func(s *system) error {
		list, err := s.engine.ImportProfiles(c.ctx, p.Source)
		if err != nil {
			return err
		}
		version := int64(0)
		for _, old := range list {
			if old.Name == p.Name && !old.Builtin {
				p.ID, version = old.ID, old.Version
			}
		}
		saved, err := s.engine.SaveImportProfile(c.ctx, casework.SystemActor(), p, version)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.stdout, "已保存模板“%s”（%s，第 %d 版）。导入时加 --profile %s，或由系统自动选用。\n", saved.Name, saved.Source.Label(), saved.Version, saved.Name)
		return err
	})
}

// profileNamed gives the profile of a --profile: a file, or one of the source's by name; nil for "".
func (c *call) profileNamed(s *system, source ticket.Source, name string) (*ticket.Profile, error) {
	switch ext := strings.ToLower(filepath.Ext(name)); {
	case name == "":
		return nil, nil
	case ext == ".yaml" || ext == ".yml":
		p, err := readProfile(name)
		return &p, err
	}
	list, err := s.engine.ProfilesToTry(c.ctx, source, name)
	if err != nil {
		return nil, err
	}
	return &list[0], nil
}

func readProfile(path string) (ticket.Profile, error) {
	text, err := readFile(path, 1<<20)
	if err != nil {
		return ticket.Profile{}, err
	}
	return config.LoadProfile(text)
}

// profileList is `xiaopu profile list`.
func profileList(c *call) error {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	return c.with(func(s *system) error {
		for _, source := range ticket.Sources {
			list, err := s.engine.ImportProfiles(c.ctx, source)
			if err != nil {
				return err
			}
			for _, p := range list {
				origin := fmt.Sprintf("第 %d 版", p.Version)
				if p.Builtin {
					origin = "随系统提供"
				}
				fmt.Fprintf(c.stdout, "%s\t%s\t%d 列\t%s\n", source, p.Name, len(p.Columns), origin)
			}
		}
		return nil
	})
}
