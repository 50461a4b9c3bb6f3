package server

import "testing"

func TestOnlyTheAnswerForAResourceThatDoesNotExistIsChanged(t *testing.T) {
	t.Parallel()
	const (
		unknown  = `{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"{\"code\":\"not_found\",\"message\":\"no such\",\"next_step\":\"look\"}"}}`
		unheard  = `{"jsonrpc":"2.0","id":7,"error":{"code":-32002,"message":"handler not found for resource URI 'x:y': resource not found"}}`
		internal = `{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"{\"code\":\"internal\",\"message\":\"x\"}"}}`
		plain    = `{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"plain words"}}`
		result   = `{"jsonrpc":"2.0","id":7,"result":{"text":"\"error\" \"code\":-32603"}}`

		legacy = `{"id":7,"method":"resources/read","params":{"uri":"kb://a/b"}}`
		modern = `{"id":7,"method":"resources/read","params":{"uri":"kb://a/b","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`
		other  = `{"id":7,"method":"tools/call","params":{"uri":"kb://a/b"}}`

		told   = `"message":"no such","data":{"uri":"kb://a/b","code":"not_found","message":"no such","next_step":"look"}}}` + "\n"
		nobody = `"message":"there is no resource at this address","data":{"uri":"kb://a/b","code":"not_found",` +
			`"message":"there is no resource at this address","next_step":"list the resources, or find documents with search"}}}` + "\n"
	)
	for name, c := range map[string]struct{ asked, answer, want string }{
		"unknown, in the legacy era": {legacy, unknown, `{"jsonrpc":"2.0","id":7,"error":{"code":-32002,` + told},
		"unknown, in the modern era": {modern, unknown, `{"jsonrpc":"2.0","id":7,"error":{"code":-32602,` + told},
		"of no template":             {legacy, unheard, `{"jsonrpc":"2.0","id":7,"error":{"code":-32002,` + nobody},
		"another method":             {other, unknown, unknown},
		"another error":              {legacy, internal, internal},
		"an error in plain words":    {legacy, plain, plain},
		"a result":                   {legacy, result, result},
		"no JSON":                    {legacy, `"error"`, `"error"`},
		"no question":                {``, unknown, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, changed := messageOf([]byte(c.asked)).complete([]byte(c.answer))
			if string(got) != c.want || changed != (c.want != c.answer) {
				t.Errorf("%s\nbecame %s\nwant   %s, changed: %v", c.answer, got, c.want, changed)
			}
		})
	}
}

func TestAnIDIsTheSameHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{`1`: `1`, `1.0`: `1`, `"a"`: `"a"`, `"\u0061"`: `"a"`, `null`: ``, `{}`: ``, `true`: ``, `[1]`: ``} {
		if got := messageOf([]byte(`{"id":` + id + `,"method":"ping"}`)).name(); got != want {
			t.Errorf("%s is called %q, want %q", id, got, want)
		}
	}
}
