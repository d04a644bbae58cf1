package organisation

import "testing"

func TestTheCommunityThatATextNames(t *testing.T) {
	o := must(t, nil, []Grid{{ID: "g-1", Name: "第一网格"}}, []Community{
		{ID: "c-1", Name: "望舒里居委会", GridID: "g-1", Aliases: []string{"望舒里"}}, {ID: "c-2", Name: "汀禾苑", GridID: "g-1"}, {ID: "c-3", Name: "旧里", GridID: "g-1", Closed: true},
	}, nil, nil)
	for text, want := range map[string]string{
		"望舒里 12 号楼电梯停运": "c-1", "汀 禾 苑漏水": "c-2", "望舒里和汀禾苑之间的路": "", "旧里的灯坏了": "", "路灯坏了": "", "": "",
	} {
		if c, ok := o.CommunityIn(text); c.ID != want || ok != (want != "") {
			t.Errorf("%q names %q, %v; want %q", text, c.ID, ok, want)
		}
	}
}
