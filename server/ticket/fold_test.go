package ticket

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{"　ＡＢ c\n１２": "abc12", "望舒里 （东区）": "望舒里(东区)", "a\u200b\ufeff\x00b\u00a0": "ab", "": ""} {
		if got := Fold(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestClean(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"formulas of the hotline", "市民来电反映：东侧工地半夜打桩，望相关部门尽快核实处理并回复。", "东侧工地半夜打桩"},
		{"with a name and a number", "来电人（张女士，13800001234）来电反映，楼道堆物。请予以核实处理。谢谢！", "楼道堆物"},
		{"quoted blocks", "【重新交办，关联工单20260822223850】【最近派发的工单编号：20260822223850，工单内容：旧事】电梯又停了", "电梯又停了"},
		{"a block cut off", "电梯又停了【最近派发的工单编号：20260822223850，工单内容：旧事", "电梯又停了"},
		{"an ordinary bracket that never closes", "【望舒里电梯停了", "望舒里电梯停了"},
		{"numbers", "联系电话：138-0000-1234，身份证31010119900101123X。3号楼漏水", "3号楼漏水"},
		{"markup and width", "<p>３号楼&nbsp;漏水</p>", "3号楼 漏水"},
		{"greetings", "您好，领导好！我是望舒里居民，水管漏了，感谢！", "我是望舒里居民,水管漏了"},
		{"nothing but formulas", "市民来电反映，希望相关部门尽快处理。", ""},
		{"plain", "停车难", "停车难"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Clean(c.in); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestMaskText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"mobile", "电话13800005678，", "电话138****5678，"},
		{"full width", "电话１３８００００５６７８。", "电话１３８****５６７８。"},
		{"in groups", "138-0000-5678或138 0000 5678或138 00005678或1380000-5678", "138******5678或138******5678或138*****5678或138*****5678"},
		{"country code", "+8613800005678 +86 13800005678", "+861******5678 +86********5678"},
		{"landline", "021-57005678、(021)57005678、02157005678", "021*****5678、(021*****5678、021****5678"},
		{"eight digits", "座机57005678", "座机****5678"},
		{"seven digits after the word", "电话5700567", "电话***0567"},
		{"ID number", "身份证31010119900101123x、310101199001011237", "身份证310***********123x、310***********1237"},
		{"a room number stuck to it", "13800005678201室", "138*******8201室"},
		{"bank card", "卡号6222020200001234567", "卡号622************4567"},
		{"order numbers stay", "工单20260822223850、1234520260822223850", "工单20260822223850、1234520260822223850"},
		{"dates and house numbers stay", "20260822，2026年8月22日 12:30，1200弄34号501室", "20260822，2026年8月22日 12:30，1200弄34号501室"},
		{"nothing", "路灯不亮", "路灯不亮"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := MaskText(c.in); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestMaskPhoneAndName(t *testing.T) {
	for in, want := range map[string]string{"13812345678": "138****5678", "+86 138-1234-5678": "138****5678", "021-57001234": "021-****1234", "０５７１－８８００１２３４": "0571-****1234", "12345": "****5", "": "", "1": "*"} {
		if got := MaskPhone(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"张三": "张*", "张小三": "张**", "张": "张*", "": "", "阿卜杜拉·买买提": "阿***"} {
		if got := MaskName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestTidyKeepsWordingAndWidth(t *testing.T) {
	for in, want := range map[string]string{" 甲　１２\r\n乙\r丙 ": "甲　１２\n乙\n丙", "'=1+1": "=1+1", "'-5": "-5", "'甲'": "'甲'", strings.Repeat("\x01", 9): ""} {
		if got := tidy(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestMaskAddressLeavesTheBuildingAndHidesTheHousehold(t *testing.T) {
	for in, want := range map[string]string{
		"望舒路188弄12号1201室":   "望舒路188弄12号***室",
		"望舒里3号楼502":         "望舒里3号楼***室",
		"汀禾路66弄5号":          "汀禾路66弄5号",
		"汀禾路66弄12号":         "汀禾路66弄12号",
		"蘅汀产业园6幢":           "蘅汀产业园6幢",
		"云苇花园2单元301室":       "云苇花园2单元***室",
		"望舒路188弄 3 号 502 室": "望舒路188弄 3 号***室",
		"望舒里12幢　601　户":      "望舒里12幢***室",
		"汀禾路66弄 12号":        "汀禾路66弄 12号",
		"":                  "",
	} {
		if got := MaskAddress(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// Where a formula is tried must not change what is found.
func TestFormulasAreTriedWhereverTheyBegin(t *testing.T) {
	pieces := strings.Fields(`市民 来电人 诉求人 上海 居民 业主 网民 王女士 (匿名) 再次 来电 致电 网上 反映 表示 称 咨询 投诉 求助 诉求 反馈 建议 故 因此 为此 现 特 希望 望 恳请 请求 请 要求 盼 敬请 烦请 能够 予以 ` +
		`相关 有关 职能 部门 单位 人员 领导 方面 尽快 及时 核实 处理 解决 答复 回复 落实 结果 为盼 、 并 和 非常 感谢 谢谢 致谢 您 支持 联系 电话 手机号 联系方式 身份证号码 为 是 : ： , 。 ; ! ? 您好 你好 尊敬的领导 ` +
		`13800001234 +86 021-57001234 (021) 20260822223850 31010119900101123x 1 0 电梯 停了 \n`)
	for i := range formulas {
		f := &formulas[i]
		whole := regexp.MustCompile(strings.TrimPrefix(f.pattern.String(), "^"))
		rapid.Check(t, func(t *rapid.T) {
			s := strings.ReplaceAll(strings.Join(rapid.SliceOfN(rapid.SampledFrom(append(pieces, " ")), 0, 30).Draw(t, "text"), ""), `\n`, "\n")
			if got, want := f.cut(s), whole.ReplaceAllString(s, f.with); got != want {
				t.Fatalf("%s\n%q becomes %q, want %q", f.pattern, s, got, want)
			}
		})
	}
}
