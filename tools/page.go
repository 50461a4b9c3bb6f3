package tools

import (
	"context"
	"encoding/base64"
	"strings"

	"supportmcp/internal/access"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

// perPage is how many things one page of Intercom's holds. What an answer has no
// room for is told by the next one, from the same page.
const perPage = 20

// vendorCursor is Intercom's own cursor to the page that p is in, "" for the first.
func (p place) vendorCursor(tool string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(p.After)
	if err != nil {
		return "", strayCursor(tool)
	}
	return string(b), nil
}

// pageOf tells the things of a page from the place on, one of them at least, as
// show makes them, and the cursor to what follows. The page must begin as it did
// when its first things were told.
func pageOf[T, Out any](tool string, p place, page intercom.Page[T], id func(T) string, show func(T) Out) ([]Out, cursor, error) {
	mark := func(n int) string {
		ids := make([]string, n)
		for i, v := range page.Items[:n] {
			ids[i] = id(v)
		}
		return digest(strings.Join(ids, "\n"))
	}
	if p.From > len(page.Items) || p.From > 0 && p.Digest != mark(p.From) {
		return nil, "", outdated(tool, "what is found")
	}
	out, left := []Out{}, answerRoom
	for ; p.From < len(page.Items); p.From++ {
		one := show(page.Items[p.From])
		if !left.take(one) && len(out) > 0 {
			p.Digest = mark(p.From)
			return out, p.cursor(), nil
		}
		out = append(out, one)
	}
	if page.Next == "" {
		return out, "", nil
	}
	p.After, p.From, p.Digest = base64.RawURLEncoding.EncodeToString([]byte(page.Next)), 0, ""
	return out, p.cursor(), nil
}

// personalData is how much of people an answer outside of their conversation shows.
func (d Deps) personalData(ctx context.Context) policies.PersonalData {
	if p := d.Guard.Policy(); p != nil && p.Lookup != nil {
		return access.Of(ctx).Shown(p.Lookup.PersonalData)
	}
	return access.Of(ctx).Shown(policies.MaskedPersonalData)
}

// veiled is a name or an address as far as the level lets it be seen: the beginning
// of each of its words, and what stands behind the @ of an address.
func veiled(level policies.PersonalData, text string) string {
	switch level {
	case policies.FullPersonalData:
		return label(text, maxLabel)
	case policies.MaskedPersonalData:
	case policies.NoPersonalData:
		return ""
	}
	who, host, address := strings.Cut(text, "@")
	var out []string
	for word := range strings.FieldsSeq(who) {
		out = append(out, string([]rune(word)[:1])+"…")
	}
	masked := strings.Join(out, " ")
	if address {
		masked += "@" + host
	}
	return label(masked, maxLabel)
}
