package intercom_test

import (
	"testing"

	"supportmcp/internal/intercom"
)

func TestToHTML(t *testing.T) {
	for text, want := range map[string]string{
		"Hello":                           "<p>Hello</p>",
		"Dear Ana,\n\n\nso\nit is.\n":     "<p>Dear Ana,</p><p>so<br>it is.</p>",
		"a\r\nb\rc":                       "<p>a<br>b<br>c</p>",
		"<script>x</script> & \"q\" 'a'":  "<p>&lt;script&gt;x&lt;/script&gt; &amp; &#34;q&#34; &#39;a&#39;</p>",
		"</p><img src=x onerror=alert(1)": "<p>&lt;/p&gt;&lt;img src=x onerror=alert(1)</p>",
		" \n\t\n\u200b":                   "",
		"safe\u202egnp.exe":               "<p>safegnp.exe</p>",
		"می\u200cخواهم 👩\u200d💻":          "<p>می\u200cخواهم 👩\u200d💻</p>",
	} {
		if got := intercom.ToHTML(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestSameText(t *testing.T) {
	for _, c := range []struct {
		body, text string
		same       bool
	}{
		{"<p>a b</p>\n<p>c</p>", "a b\n\nc", true},
		{`<p class="no-margin">a&nbsp;b</p>`, "a b", true},
		{`<p>see <a href="https://x.test/?a=1" rel="nofollow">https://x.test/?a=1</a>.</p>`, "see https://x.test/?a=1.", true},
		{"<p>5 &lt; 6 &amp;amp; 7</p>", "5 < 6 &amp; 7", true},
		{"<p>a < b and <3</p>", "a < b and <3", true},
		{"<p>&lt;b&gt;x&lt;/b&gt;</p>", "<b>x</b>", true},
		{"<p>x</p>", "<b>x</b>", false},
		{"<p>Refund 10</p>", "Refund 100", false},
		{"<p>cut", "cut", true},
		{"<p>yes</p>", "YES", false},
	} {
		if got := intercom.SameText(c.body, c.text); got != c.same {
			t.Errorf("%q and %q: %v", c.body, c.text, got)
		}
	}
}

func TestCleanKeepsWhatPeopleWrite(t *testing.T) {
	for _, s := range []string{"Grüße, 你好", "line\nline", "👩‍💻", "שלום"} {
		if got := intercom.Clean(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}
