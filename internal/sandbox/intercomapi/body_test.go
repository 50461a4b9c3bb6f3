package intercomapi_test

import (
	"encoding/json"
	"testing"
)

func TestBodiesComeBackChanged(t *testing.T) {
	for _, c := range []struct{ name, sent, stored, text string }{
		{"text is a paragraph", "Thanks again :)", "<p>Thanks again :)</p>", "Thanks again :)"},
		{"a line break stays one", "one\ntwo", "<p>one<br>two</p>", "one\ntwo"},
		{"an empty line ends a paragraph", "one\r\n\r\n two", "<p>one</p>\n<p>two</p>", "one\n\ntwo"},
		{"a paragraph stays", "<p>Hi</p>", "<p>Hi</p>", "Hi"},
		{"wrappers go", "<html><head><title>x</title></head><BODY class='a'>Hi</BODY></html>", "<p>Hi</p>", "Hi"},
		{"text beside blocks", "a<p>b</p>c", "<p>a</p>\n<p>b</p>\n<p>c</p>", "a\n\nb\n\nc"},
		{"white space is squeezed", "<p>  a \t\n b </p>", "<p> a b </p>", "a b"},
		{"emphasis stays", "<b>a</b> <i>b</i>", "<p><b>a</b> <i>b</i></p>", "a b"},
		{"attributes go", `<p onclick="x()" style="color:red">a</p>`, "<p>a</p>", "a"},
		{"scripts go", "a<script>alert('<p>')</script><style>p{}</style>b", "<p>ab</p>", "ab"},
		{"unknown tags go", "<span>a</span><img src=x onerror=y><made-up/>", "<p>a</p>", "a"},
		{"divs are paragraphs", "<div>a</div><div>b</div>", "<p>a</p>\n<p>b</p>", "a\n\nb"},
		{"a comparison is text", "1 < 2 && 3 > 2", "<p>1 &lt; 2 &amp;&amp; 3 &gt; 2</p>", "1 < 2 && 3 > 2"},
		{"entities are kept", "&lt;b&gt; &amp; &quot;x&#39;", `<p>&lt;b&gt; &amp; "x'</p>`, `<b> & "x'`},
		{"an unclosed paragraph is closed", "<p>a<p>b", "<p>a</p>\n<p>b</p>", "a\n\nb"},
		{"a stray end goes", "a</p></ul>b", "<p>ab</p>", "ab"},
		{
			"lists keep their lines", "<h2>Drinks</h2>  <ul>   <li>Coffee</li>   <li>Tea</li> </ul>",
			"<h2>Drinks</h2>\n<ul>\n<li>Coffee</li>\n<li>Tea</li>\n</ul>", "Drinks\n\nCoffee\nTea",
		},
		{
			"links", `<a class=x href='https://x.test/?a=1&amp;b="2"'>here</a>`,
			`<p><a href="https://x.test/?a=1&amp;b=&#34;2&#34;" rel="nofollow noopener noreferrer" target="_blank">here</a></p>`,
			`here (https://x.test/?a=1&b="2")`,
		},
		{
			"a link in capitals", `<A title=t HREF=https://x.test/a rel=y>here</A>`,
			`<p><a href="https://x.test/a" rel="nofollow noopener noreferrer" target="_blank">here</a></p>`, "here (https://x.test/a)",
		},
		{"comments go", "a<!-- <p>b</p> -->c", "<p>ac</p>", "ac"},
		{"a link without address", "<a name=x>here</a>", `<p><a href="" rel="nofollow noopener noreferrer" target="_blank">here</a></p>`, "here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			body, err := json.Marshal(map[string]string{"message_type": "note", "type": "admin", "admin_id": mia, "body": c.sent})
			if err != nil {
				t.Fatal(err)
			}
			if got := d.post(replyTo, string(body)).last("body"); got != c.stored {
				t.Errorf("stored %q, want %q", got, c.stored)
			}
			if got := d.get("/conversations/" + ticket + "?display_as=plaintext").last("body"); got != c.text {
				t.Errorf("shown %q, want %q", got, c.text)
			}
		})
	}
}
