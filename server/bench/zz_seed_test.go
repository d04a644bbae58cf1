package bench

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestZZSeed(t *testing.T) {
	k, _ := learn()
	list, err := k.templates()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range list[:41] {
		_ = tt
	}
	each(t, func(t *testing.T, engine string) {
		d, err := newDatabase(t.Context(), k, engine, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer d.drop()
		if err := d.plant(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			began := time.Now()
			if err := d.multiply(t.Context(), i*10000, i*10000+10000, byShare); err != nil {
				t.Fatal(err)
			}
			fmt.Println(engine, i, time.Since(began))
		}
		if engine == "sqlite" {
			info, _ := os.Stat(strings.TrimPrefix(d.dsn, "sqlite:"))
			fmt.Println(info.Size() >> 20)
		}
		p, _ := d.bare(t.Context())
		defer p.close()
		for _, q := range []string{`SELECT AVG(LENGTH(body)) FROM bench_cases`, `SELECT AVG(LENGTH(body)) FROM bench_case_events`, `SELECT COUNT(*)/200 FROM bench_case_viewers`} {
			var f float64
			p.read.QueryRow(q).Scan(&f)
			fmt.Println(q, f)
		}
	})
}
