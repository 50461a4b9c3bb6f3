package tools

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// A text weighs what its JSON weighs, so that what fits a room fits an answer.
func TestACharacterWeighsWhatItWeighsInAnAnswer(t *testing.T) {
	t.Parallel()
	for r := range rune(0x30000) {
		if !utf8.ValidRune(r) {
			continue
		}
		if got, want := weightOf(r), weigh(string(r))-weigh(""); got != want {
			t.Errorf("%U weighs %d, and %d in an answer", r, got, want)
		}
	}
}

func TestPiecesAreTheTextAgainAndEachFits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.StringOf(rapid.RuneFrom([]rune("ab \n\"<é€😀\u2028"))), 0, 30).Draw(t, "lines"), "\n")
		room := room(rapid.IntRange(1, 200).Draw(t, "room"))
		var pieces []string
		for p := (place{Thread: restOfDocument}); ; {
			piece, next := room.piece(text, p)
			pieces = append(pieces, piece)
			if len([]rune(piece)) > 1 && weigh(piece)-weigh("") > room || !utf8.ValidString(piece) || piece == "" && text != "" {
				t.Fatalf("a piece is %q, which has %d in a room of %d", piece, weigh(piece), room)
			}
			if next == "" {
				break
			}
			var ok bool
			if p, ok = next.decode(); !ok || p.in(text, "fetch") != nil {
				t.Fatalf("the cursor %q is not taken back", next)
			}
			if other := text + "."; p.in(other, "fetch") == nil {
				t.Fatalf("the cursor %q is taken for another text", next)
			}
		}
		if got := strings.Join(pieces, ""); got != text {
			t.Fatalf("put together is %q, want %q", got, text)
		}
	})
}

func TestAPieceEndsBehindALineWhereItCan(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, want string
		room       room
	}{
		{"one\ntwo\nthree", "one\ntwo\n", 12},
		{"one\ntwo\nthree", "one\ntwo\nthree", 15},
		{"a\nbcdefghijk", "a\nbcdefg", 9}, // the line ends too early to be worth it
		{"€€€", "€", 11},
		{"€", "€", 1},
		{"", "", 5},
	} {
		if got := c.room.holds(c.text); got != c.want {
			t.Errorf("a room of %d holds %q of %q, want %q", c.room, got, c.text, c.want)
		}
	}
}

func TestAListOfNamesSaysHowManyAreLeftOut(t *testing.T) {
	t.Parallel()
	all := slices.Repeat([]string{strings.Repeat("x", 97)}, 10)
	got, omitted := nameRoom.names(all)
	b, err := json.Marshal(got)
	if err != nil || len(got)+omitted != len(all) || omitted == 0 || room(len(b)) > nameRoom+2 {
		t.Errorf("%d names are given and %d left out: %s", len(got), omitted, b)
	}
}
