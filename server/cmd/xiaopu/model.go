package main

import (
	"fmt"
	"runtime"

	"xiaopu/configs"
	"xiaopu/server/apperr"
	"xiaopu/server/classify"
	"xiaopu/server/config"
	"xiaopu/server/store"
	"xiaopu/server/workflow"
)

// learn is `xiaopu recognize train` without --in: from the street's own history, kept in the database and not in use yet.
func learn(c *call, kind string) error {
	return c.with(func(s *system) error {
		v, err := s.engine.Learn(c.ctx, "", store.ModelKind(kind), runtime.GOMAXPROCS(0))
		if err != nil {
			return err
		}
		c.printModel(v)
		fmt.Fprintf(c.stdout, "模型还没有启用。过些日子用 xiaopu recognize evaluate --model 现用的版本 --model %s 在其后的工单上比较，再用 xiaopu recognize switch %s 启用。\n", v.Version, v.Version)
		return nil
	})
}

func (c *call) printModel(v workflow.ModelView) {
	use := ""
	if v.Active {
		use = "\t使用中"
	}
	fmt.Fprintf(c.stdout, "%s\t%s\t%d 件工单、%d 类\t正确率 %.3f，macro-F1 %.3f，ECE %.3f\t%s%s\n",
		v.Version, v.KindLabel, v.Examples, v.Labels, v.Accuracy, v.MacroF1, v.ECE, v.CreatedAt.Local().Format("2006-01-02 15:04"), use)
}

// recognizeModels is `xiaopu recognize models`.
func recognizeModels(c *call) error {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	return c.with(func(s *system) error {
		list, err := s.engine.Models(c.ctx)
		if err != nil {
			return err
		}
		for _, v := range list {
			c.printModel(v)
		}
		if len(list) == 0 {
			fmt.Fprintln(c.stdout, "还没有模型。用 xiaopu recognize train 从本街道的历史工单学习一个。")
		}
		return nil
	})
}

// recognizeSwitch is `xiaopu recognize switch`: a model is taken into use, or with --stop none of a kind any more.
func recognizeSwitch(c *call) error {
	stop := c.flags.String("stop", "", "停用一类模型：topics 事项类别，leads 牵头部门")
	args, err := c.parse(0, 1)
	if err != nil {
		return err
	}
	if (len(args) == 1) == (*stop != "") {
		return errUsage
	}
	return c.with(func(s *system) error {
		if *stop != "" {
			if !knownKind(*stop) {
				return errKind
			}
			if err := s.engine.StopModel(c.ctx, "", store.ModelKind(*stop)); err != nil {
				return err
			}
			fmt.Fprintln(c.stdout, "已停用。")
			return nil
		}
		if err := s.engine.SwitchModel(c.ctx, "", args[0]); err != nil {
			return err
		}
		fmt.Fprintf(c.stdout, "已启用 %s，运行中的服务随即使用。\n", args[0])
		return nil
	})
}

var errKind = apperr.New(apperr.InvalidArgument, "model.kind", "模型的种类只能是 topics（事项类别）或 leads（牵头部门）。")

func knownKind(kind string) bool {
	return kind == string(store.TopicModel) || kind == string(store.LeadModel)
}

// topicsShow is `xiaopu topics show`.
func topicsShow(c *call) error {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	return c.with(func(s *system) error {
		t, err := s.engine.Topics(c.ctx)
		if err != nil {
			return err
		}
		for _, b := range t.Topics {
			for _, l := range b.Topics {
				fmt.Fprintln(c.stdout, l.Value)
			}
		}
		return nil
	})
}

// topicsLoad is `xiaopu topics load`: the street's own tree of topics, whole.
func topicsLoad(c *call) error {
	return c.catalogue(func(s *system, text []byte) (string, error) {
		tree, err := config.LoadTopics(text)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("已载入 %d 个一级类别", len(tree.Topics)), s.engine.LoadTopics(c.ctx, "", tree)
	})
}

// dutiesLoad is `xiaopu duties load`: the duty list (权责清单), whole.
func dutiesLoad(c *call) error {
	return c.catalogue(func(s *system, text []byte) (string, error) {
		duties, err := config.LoadDuties(text)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("已载入 %d 条权责事项", len(duties)), s.engine.LoadDuties(c.ctx, "", duties)
	})
}

// catalogueBytes bounds a file of topics or of duties.
const catalogueBytes = 4 << 20

func (c *call) catalogue(load func(s *system, text []byte) (string, error)) error {
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	text, err := readFile(args[0], catalogueBytes)
	if err != nil {
		return err
	}
	return c.with(func(s *system) error {
		said, err := load(s, text)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.stdout, "%s，运行中的服务随即使用。\n", said)
		return nil
	})
}

// shippedTopics is the tree that comes with the program.
func shippedTopics() (classify.Tree, error) {
	text, err := configs.Files.ReadFile("topics.yaml")
	if err != nil {
		return classify.Tree{}, err
	}
	return config.LoadTopics(text)
}
