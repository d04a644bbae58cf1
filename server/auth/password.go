package auth

import (
	"crypto/rand"
	"math/big"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"xiaopu/server/apperr"
	"xiaopu/server/ticket"
)

// The rules for passwords (GB/T 22239-2019, 身份鉴别; ten characters where it asks for eight).
const (
	minPassword     = 10 // characters
	maxPassword     = 128
	minClasses      = 3 // of upper case, lower case, digits, others
	passwordHistory = 5
)

// weakWords are what weak passwords are made of: one of them with digits and signs around it is refused.
var weakWords = strings.Fields(`
	a aa aaa abc abcd abcde abcdef abcabc asdf asdfg asdfgh asdfghjkl asdqwe qaz qazwsx qazwsxedc qwe qwer qwert qwerty qwertyuiop qweasd qweasdzxc
	qwaszx zaq zxc zxcv zxcvb zxcvbn zxcvbnm wasd zaqxsw xsw poiuytrewq
	admin adminadmin administrator root system sysadmin user guest test tester testtest demo default master manager super superadmin
	password passw passwd pass passpass pwd mypassword mima secret changeme welcome hello letmein login access
	iloveyou loveyou love woaini woaini woaiwojia aini baobao wodemima nihao gongzuo
	shanghai fengxian fengpu xiaopu bangban xiaopubangban nanshi kuaiban jiedao chengyun dangzheng zhengfu china zhongguo beijing
	monday dragon monkey sunshine princess football baseball computer internet windows oracle mysql huawei tencent wechat weixin alibaba
	spring summer autumn winter chunjie`)

// checkPassword refuses a password that breaks a rule and says which: invalid_argument auth.password_….
func checkPassword(password, login, name, phone string) error {
	refuse := func(rule, text string, args ...any) error {
		return apperr.New(apperr.InvalidArgument, "auth.password_"+rule, text, args...)
	}
	n := utf8.RuneCountInString(password)
	if n < minPassword {
		return refuse("short", "密码至少 %d 个字符，现有 %d 个，请加长。", minPassword, n)
	}
	if n > maxPassword {
		return refuse("long", "密码最多 %d 个字符，请缩短。", maxPassword)
	}
	if strings.ContainsFunc(password, unicode.IsControl) || !utf8.ValidString(password) {
		return refuse("characters", "密码里有不能显示的字符，请重新输入。")
	}
	if classes(password) < minClasses {
		return refuse("classes", "密码要包含大写字母、小写字母、数字、其他符号中的至少 %d 种，请调整。", minClasses)
	}
	folded := ticket.Fold(password)
	for _, own := range []struct{ value, what string }{{login, "登录名"}, {name, "姓名"}, {phone, "手机号"}} {
		if key := ticket.Fold(own.value); utf8.RuneCountInString(key) > 1 && strings.Contains(folded, key) {
			return refuse("personal", "密码里不能有您的%s，请换一个。", own.what)
		}
	}
	if weak(folded) {
		return refuse("weak", "这个密码太常见，容易被猜到，请换一个，例如几个不相关的词加上数字和符号。")
	}
	return nil
}

func classes(password string) (n int) {
	var has [4]bool
	for _, r := range password {
		switch {
		case unicode.IsUpper(r):
			has[0] = true
		case unicode.IsLower(r):
			has[1] = true
		case unicode.IsDigit(r):
			has[2] = true
		default:
			has[3] = true
		}
	}
	for _, h := range has {
		if h {
			n++
		}
	}
	return n
}

// leet undoes the usual stand-ins for letters.
var leet = strings.NewReplacer("@", "a", "4", "a", "0", "o", "1", "i", "!", "i", "3", "e", "$", "s", "5", "s", "7", "t")

// weak recognises a common word with nothing but digits and signs around it, and one that uses hardly any different
// characters. The password is folded.
func weak(folded string) bool {
	different := map[rune]bool{}
	for _, r := range folded {
		different[r] = true
	}
	return len(different) < 5 || slices.Contains(weakWords, letters(folded)) || slices.Contains(weakWords, letters(leet.Replace(folded))) ||
		slices.Contains(weakWords, letters(leet.Replace(strings.TrimRight(folded, "0123456789!@#$%^&*._-?"))))
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, s)
}

// alphabet leaves out what is easily misread: 0 O o, 1 I l.
const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"

// DrawPassword makes an initial password of about 80 bits that is easy to copy and breaks no rule.
func DrawPassword() string {
	for {
		p := draw(alphabet, 5) + "-" + draw(alphabet, 5) + "-" + draw(alphabet, 4)
		if checkPassword(p, "", "", "") == nil {
			return p
		}
	}
}

func draw(from string, n int) string {
	var b strings.Builder
	for range n {
		i, _ := rand.Int(rand.Reader, big.NewInt(int64(len(from)))) // never fails
		b.WriteByte(from[i.Int64()])
	}
	return b.String()
}
