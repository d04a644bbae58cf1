package main

import (
	"errors"
	"fmt"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/vault"
	"xiaopu/server/workflow"
)

// vaultKeys is `xiaopu vault keys`: a new file of keys on standard output, or an old one with a further key.
func vaultKeys(c *call) error {
	add := c.flags.String("add", "", "原有的密钥文件")
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	text := vault.Generate()
	if *add != "" {
		old, err := readFile(*add, 64<<10)
		if err != nil {
			return err
		}
		if text, err = vault.Add(string(old)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprint(c.stdout, text)
	return err
}

// vaultStatus is `xiaopu vault status`.
func vaultStatus(c *call) error {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	return c.with(func(s *system) error {
		uses, err := s.engine.KeyUses(c.ctx)
		if err != nil {
			return err
		}
		current, waiting, older := s.db.Sealer().CurrentKey(), 0, false
		for _, u := range uses {
			name, note := fmt.Sprintf("第 %d 号密钥", u.Key), ""
			switch u.Key {
			case 0:
				name = "尚未封存"
			case current:
				note = "（当前）"
			}
			if u.Key != current {
				waiting += u.Tickets + u.People + u.Secrets
				older = true // also without any: a key is named until nothing at all is under it
			}
			fmt.Fprintf(c.stdout, "%s%s：工单 %d 件，人员 %d 名，第二重验证和平台密钥 %d 个\n", name, note, u.Tickets, u.People, u.Secrets)
		}
		switch {
		case waiting > 0:
			_, err = fmt.Fprintf(c.stdout, "还有 %d 条待重新封存：服务运行时自动进行，也可执行 xiaopu vault reseal。完成前请保留全部旧密钥。\n", waiting)
		case older:
			_, err = fmt.Fprintln(c.stdout, "工单和人员已在当前密钥下，旧密钥仍然需要：还有导入中的文件（至多 7 天）、未导入的行（至多 30 天）、等待工单的清单或待审批的组织变更在旧密钥下，会自动处理或到期删除。旧密钥不再列出之前请保留。")
		default:
			_, err = fmt.Fprintln(c.stdout, "全部在当前密钥下。旧密钥仍要随旧备份保存：从旧备份恢复时需要。")
		}
		return err
	})
}

// vaultReseal is `xiaopu vault reseal`.
func vaultReseal(c *call) error {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	return c.with(func(s *system) error {
		done, err := s.engine.Reseal(c.ctx, 0, nil)
		fmt.Fprintf(c.stdout, "已用第 %d 号密钥重新封存：工单 %d 件，人员 %d 名，第二重验证和平台密钥 %d 个。\n", s.db.Sealer().CurrentKey(), done.Tickets, done.People, done.Secrets)
		if err == nil && done.Damaged > 0 {
			err = apperr.New(apperr.Internal, "vault.damaged", "有 %d 条打不开，保持原样，详见日志：请检查密钥文件是否齐全，或从备份恢复。", done.Damaged)
		}
		return err
	})
}

// retentionRun is `xiaopu retention run`.
func retentionRun(c *call) error {
	dryRun := c.flags.Bool("dry-run", false, "只统计，不删除")
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	return c.with(func(s *system) error {
		done, err := s.engine.Retain(c.ctx, workflow.RetentionRun{Occasion: store.ByCommand, DryRun: *dryRun})
		if err != nil {
			return err
		}
		if done.Number == "" && !*dryRun {
			_, err := fmt.Fprintln(c.stdout, "没有保存期满的个人信息。")
			return err
		}
		for _, r := range done.Rules {
			fmt.Fprintf(c.stdout, "%s（保存 %s）：%d 件\n", workflow.RuleLabel(r.Rule), r.Period, r.Count)
		}
		if *dryRun {
			_, err = fmt.Fprintln(c.stdout, "试运行：没有删除任何内容。")
		} else {
			_, err = fmt.Fprintf(c.stdout, "删除证明编号 %s，可用 xiaopu retention certificate %s 打印。\n", done.Number, done.Number)
		}
		return err
	})
}

// retentionCertificate is `xiaopu retention certificate`; lines that do not make the hash make it fail.
func retentionCertificate(c *call) error {
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	return c.with(func(s *system) error {
		found, agrees, err := s.engine.Certificate(c.ctx, args[0])
		if err != nil {
			return err
		}
		text, err := s.engine.CertificateText(c.ctx, found, agrees)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprint(c.stdout, text); err != nil {
			return err
		}
		if !agrees {
			return errors.New("明细与校验值不一致")
		}
		return nil
	})
}
