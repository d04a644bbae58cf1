// Package content looks at what residents write before others see it.
//
// # The model
//
// A Verdict is what a checker thinks: fine, for a person to look at, or not to be taken. Words is the checker that needs
// nobody: a list of words, each of which makes a text one of the latter two. It is what there is where no platform checks, and
// while the platform is away. Texts are compared without what is put between letters to hide a word: spaces, punctuation, signs
// that are not seen, full-width forms, capitals. It does not understand pictures: those are for a person.
//
// # Failure
//
// The list never fails. What it does not know passes: it is a net against the coarse, no judge.
package content

import (
	"bufio"
	_ "embed"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Verdict is what a checker thinks of a text or a picture.
type Verdict string

// The verdicts.
const (
	Pass   Verdict = "pass"
	Review Verdict = "review" // a person must look before others see it
	Risky  Verdict = "risky"  // it is not taken
)

// Words is a list of words. It is safe for concurrent use.
type Words struct {
	words map[string]Verdict
	most  int // runes of the longest
}

//go:embed words.txt
var builtIn string

// BuiltIn is the list that comes with the program.
func BuiltIn() *Words {
	w, err := Parse(builtIn)
	if err != nil {
		panic(err) // a test reads it
	}
	return w
}

// Bounds of a list, which bound how long a text takes.
const (
	maxWords = 50_000
	maxRunes = 40 // of a word
)

// Parse reads a list: a word a line, for a person to look at; with ! before it, not to be taken. # begins a comment.
func Parse(text string) (*Words, error) {
	w := &Words{words: map[string]Verdict{}}
	lines := bufio.NewScanner(strings.NewReader(text))
	for no := 1; lines.Scan(); no++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		v := Review
		if rest, ok := strings.CutPrefix(line, "!"); ok {
			v, line = Risky, rest
		}
		word := plain(line)
		if len(word) < 2 || len(word) > maxRunes {
			return nil, fmt.Errorf("第 %d 行：一个词应为 2 到 %d 个字", no, maxRunes)
		}
		if w.words[string(word)] != Risky {
			w.words[string(word)] = v
		}
		w.most = max(w.most, len(word))
		if len(w.words) > maxWords {
			return nil, fmt.Errorf("词太多，最多 %d 个", maxWords)
		}
	}
	return w, lines.Err()
}

// Check gives the worst that a word of the list makes of a text.
func (w *Words) Check(text string) Verdict {
	body := plain(text)
	v := Pass
	for i := range body {
		for n := 2; n <= w.most && i+n <= len(body); n++ {
			switch w.words[string(body[i:i+n])] {
			case Risky:
				return Risky
			case Review:
				v = Review
			}
		}
	}
	return v
}

// plain is a text without what hides a word in it.
func plain(text string) []rune {
	var out []rune
	for _, r := range width.Fold.String(strings.ToValidUTF8(text, "")) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			out = append(out, unicode.ToLower(r))
		}
	}
	return out
}
