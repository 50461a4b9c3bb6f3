package server

import "testing"

func TestOnlyWhatIsNotFoundGetsAnotherCode(t *testing.T) {
	for in, want := range map[string]string{
		`{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"{\"code\":\"not_found\",\"message\":\"no such\",\"next_step\":\"look\"}"}}`://
		`{"jsonrpc":"2.0","id":7,"error":{"code":-32002,"message":"no such","data":{"code":"not_found","message":"no such","next_step":"look"}}}` + "\n",
		`{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"{\"code\":\"internal\",\"message\":\"x\"}"}}`: `{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"{\"code\":\"internal\",\"message\":\"x\"}"}}`,
		`{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"plain words"}}`:                               `{"jsonrpc":"2.0","id":7,"error":{"code":-32603,"message":"plain words"}}`,
		`{"jsonrpc":"2.0","id":7,"result":{"text":"\"code\":-32603"}}`:                                           `{"jsonrpc":"2.0","id":7,"result":{"text":"\"code\":-32603"}}`,
	} {
		if got := string(withResourceCode([]byte(in))); got != want {
			t.Errorf("%s\nbecame %s\nwant   %s", in, got, want)
		}
	}
}
