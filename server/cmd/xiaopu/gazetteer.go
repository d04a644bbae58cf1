package main

import (
	"fmt"
	"strings"

	"xiaopu/server/casework"
	"xiaopu/server/config"
	"xiaopu/server/workflow"
)

// gazetteerLoad is `xiaopu gazetteer load`: makes a file the street's list of places and parties.
func gazetteerLoad(c *call) error {
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	list, err := readPlaces(args[0])
	if err != nil {
		return err
	}
	return c.with(func(s *system) error {
		n, err := s.engine.LoadGazetteer(c.ctx, casework.SystemActor(), list)
		if err == nil {
			fmt.Fprintf(c.stdout, "已载入地名库：新增 %d 条，更改 %d 条，移出 %d 条，没有变化 %d 条。运行中的服务在数秒内按新的地名库识别。\n", n.Added, n.Changed, n.Removed, n.Unchanged)
		}
		return err
	})
}

// readPlaces reads a gazetteer's file.
func readPlaces(path string) ([]workflow.Place, error) {
	data, err := readFile(path, organisationBytes)
	if err != nil {
		return nil, err
	}
	places, err := config.LoadGazetteer(data)
	list := make([]workflow.Place, len(places))
	for i, p := range places {
		list[i] = workflow.Place{Name: p.Name, Kind: workflow.PlaceKind(p.Kind), Aliases: p.Aliases}
	}
	return list, err
}

// gazetteerList is `xiaopu gazetteer list`.
func gazetteerList(c *call) error {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	return c.with(func(s *system) error {
		list, err := s.engine.Gazetteer(c.ctx, false)
		for _, p := range list {
			fmt.Fprintf(c.stdout, "%s\t%s\t%s\n", p.KindLabel, p.Name, strings.Join(p.Aliases, "、"))
		}
		return err
	})
}
