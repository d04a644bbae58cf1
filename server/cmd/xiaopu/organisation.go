package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/config"
	"xiaopu/server/intake"
	"xiaopu/server/organisation"
	"xiaopu/server/workflow"
)

// organisationLoad is `xiaopu organisation load`: shows what the file would change, and changes it once confirmed.
func organisationLoad(c *call) error {
	whole := c.flags.Bool("whole", false, "文件是全量：没有列出的人按离岗、没有列出的单位按撤销处理")
	yes := c.flags.Bool("yes", false, "不再询问，直接载入")
	all := c.flags.Bool("all", false, "新增的全部列出，不只前几项")
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	data, err := readFile(args[0], organisationBytes)
	if err != nil {
		return err
	}
	return c.withNew(func(s *system) error {
		k, err := s.engine.Knowledge(c.ctx)
		if err != nil {
			return err
		}
		file, err := readOrganisation(args[0], data, k.Organisation)
		if err != nil {
			return err
		}
		p, err := s.engine.PreviewOrganisation(c.ctx, file, *whole)
		if err != nil {
			return err
		}
		c.printPreview(p, *all)
		if len(p.Changes) == 0 {
			return nil
		}
		if !*yes && !c.confirm("载入以上变化？") {
			fmt.Fprintln(c.stdout, "没有载入。")
			return nil
		}
		if err := s.engine.ApplyOrganisation(c.ctx, casework.SystemActor(), p); err != nil {
			return err
		}
		swept, err := s.engine.Sweep(c.ctx)
		if err != nil {
			return err
		}
		if k, err = s.engine.Knowledge(c.ctx); err != nil {
			return err
		}
		o := k.Organisation.Street()
		fmt.Fprintf(c.stdout, "已载入。现有部门 %d 个，综合网格 %d 个，村居 %d 个，人员 %d 名。\n", len(o.Departments), len(o.Grids), len(o.Communities), len(o.People))
		if swept.HandedOver > 0 {
			fmt.Fprintf(c.stdout, "%d 件难事中的工作已移交接手的人。\n", swept.HandedOver)
		}
		return nil
	})
}

const organisationBytes = 20 << 20

// readOrganisation reads a workbook or a YAML file.
func readOrganisation(path string, data []byte, known *organisation.Organisation) (organisation.Street, error) {
	if ext := strings.ToLower(filepath.Ext(path)); ext == ".yaml" || ext == ".yml" {
		return config.LoadOrganisation(data, known)
	}
	return intake.ReadOrganisation(bytes.NewReader(data), int64(len(data)), known)
}

// organisationTemplate is `xiaopu organisation template`: an empty workbook with its explanation.
func organisationTemplate(c *call) error {
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	if err := c.newFile(args[0], ".xlsx", func(w io.Writer) error { return intake.WriteOrganisation(w, nil, time.Time{}) }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "已生成空表 %s，“说明”表里写着怎么填。\n", args[0])
	return err
}

// organisationExport is `xiaopu organisation export`: the organisation as it is, to be changed and loaded again. It holds
// phones, so nobody else may read the file.
func organisationExport(c *call) error {
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	return c.with(func(s *system) error {
		k, err := s.engine.Knowledge(c.ctx)
		if err != nil {
			return err
		}
		now := s.engine.Now(k)
		write := func(w io.Writer) error { return intake.WriteOrganisation(w, k.Organisation, now) }
		ext := ".xlsx"
		if e := strings.ToLower(filepath.Ext(args[0])); e == ".yaml" || e == ".yml" {
			ext = e
			write = func(w io.Writer) error {
				text, err := config.WriteOrganisation(k.Organisation, now)
				if err == nil {
					_, err = w.Write(text)
				}
				return err
			}
		}
		people := len(k.Organisation.People())
		if err := s.engine.Record(c.ctx, workflow.Audited{Action: "organisation.export", Object: "organisation", Detail: map[string]string{"people": strconv.Itoa(people)}}); err != nil {
			return err
		}
		if err := c.newFile(args[0], ext, write); err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.stdout, "已导出到 %s。文件里有手机号，请妥善保管。\n", args[0])
		return err
	})
}

// newFile writes a file that is not there yet; what could not be written whole is removed.
func (c *call) newFile(path, ext string, write func(w io.Writer) error) error {
	if strings.ToLower(filepath.Ext(path)) != ext {
		return apperr.New(apperr.InvalidArgument, "file.extension", "文件名要以 %s 结尾（导出也可以用 .yaml）。", ext)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return apperr.New(apperr.AlreadyExists, "file.exists", "文件“%s”已经存在，请换一个名字。", path)
	}
	if err != nil {
		return apperr.New(apperr.InvalidArgument, "file.create", "不能在“%s”建立文件，请检查路径和权限。", path).With(err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// printPreview tells a preview in words: of what is new the first few, or all, everything else one by one.
func (c *call) printPreview(p workflow.OrganisationPreview, all bool) {
	for _, note := range p.Notes {
		fmt.Fprintln(c.stdout, "注意："+note)
	}
	if len(p.Changes) == 0 {
		fmt.Fprintln(c.stdout, "与现有组织架构相同，没有变化。")
		return
	}
	added := map[organisation.EntryKind][]workflow.ChangeView{}
	kinds := []organisation.EntryKind{organisation.DepartmentEntry, organisation.GridEntry, organisation.CommunityEntry, organisation.PersonEntry, organisation.DelegationEntry}
	for _, x := range p.Changes {
		if x.What == organisation.Added {
			added[x.Kind] = append(added[x.Kind], x)
		}
	}
	for _, kind := range kinds {
		c.printAdded(kind, added[kind], all)
	}
	for _, x := range p.Changes {
		if x.What == organisation.Added {
			continue
		}
		var fields []string
		for _, f := range x.Fields {
			before, after := f.Before, f.After
			if before == "" {
				before = "（空）"
			}
			if after == "" {
				after = "（空）"
			}
			fields = append(fields, fmt.Sprintf("%s %s → %s", f.Label, before, after))
		}
		line := fmt.Sprintf("%s%s “%s”（%s）", x.KindLabel, x.WhatLabel, x.Name, x.ID)
		if len(fields) > 0 {
			line += "：" + strings.Join(fields, "；")
		}
		fmt.Fprintln(c.stdout, line)
	}
	if len(p.Work) > 0 {
		fmt.Fprintln(c.stdout, "未完的工作由以下岗位接手：")
		for _, w := range p.Work {
			to := w.FallsTo
			if to == "" {
				to = "到此为止"
			}
			fmt.Fprintf(c.stdout, "  %s 难事 %s %s%s → %s\n", w.Person.Name, w.Number, w.PartLabel, space(w.Ref), to)
		}
		if p.MoreWork {
			fmt.Fprintln(c.stdout, "  ……")
		}
	}
	for _, v := range p.Vacancies {
		who := "只通知城运中心"
		var names []string
		for _, n := range v.StepIn {
			names = append(names, n.Name)
		}
		if len(names) > 0 {
			who = "由" + strings.Join(names, "、") + "代行"
		}
		fmt.Fprintf(c.stdout, "岗位空缺：%s，%s\n", v.Label, who)
	}
}

// printAdded tells what is new of one kind: people each with their posts, the others by name.
func (c *call) printAdded(kind organisation.EntryKind, list []workflow.ChangeView, all bool) {
	if len(list) == 0 {
		return
	}
	const most = 8
	shown, more := list, ""
	if !all && len(list) > most {
		shown, more = list[:most], fmt.Sprintf("……还有 %d 项，加 --all 全部列出", len(list)-most)
	}
	if kind != organisation.PersonEntry {
		names := make([]string, len(shown))
		for i, x := range shown {
			names[i] = x.Name
		}
		fmt.Fprintf(c.stdout, "新增%s %d：%s%s\n", kind.Label(), len(list), strings.Join(names, "、"), more)
		return
	}
	fmt.Fprintf(c.stdout, "新增%s %d：\n", kind.Label(), len(list))
	for _, x := range shown {
		posts := "无岗位"
		for _, f := range x.Fields {
			if f.Name == "posts" {
				posts = f.After
			}
		}
		fmt.Fprintf(c.stdout, "  %s：%s\n", x.Name, posts)
	}
	if more != "" {
		fmt.Fprintln(c.stdout, "  "+more)
	}
}

func space(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}
