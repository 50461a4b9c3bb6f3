package intercomapi_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox/intercomapi"
)

// find searches and answers the ids found, sorted.
func (d desk) find(in, query string) []string {
	d.t.Helper()
	a := d.post(in+"/search", `{"query":`+query+`}`)
	if a.status != 200 {
		d.t.Fatalf("%s: answered %d %s", query, a.status, a.raw)
	}
	list, ok := a.at("conversations").([]any)
	if !ok {
		list, _ = a.at("data").([]any)
	}
	ids := []string{}
	for _, v := range list {
		ids = append(ids, v.(map[string]any)["id"].(string))
	}
	if n := a.at("total_count"); n != float64(len(ids)) {
		d.t.Errorf("%s: total_count is %v for %d", query, n, len(ids))
	}
	slices.Sort(ids)
	return ids
}

func filter(field, operator, value string) string {
	return fmt.Sprintf(`{"field":%q,"operator":%q,"value":%s}`, field, operator, value)
}

func group(operator string, members ...string) string {
	return fmt.Sprintf(`{"operator":%q,"value":[%s]}`, operator, strings.Join(members, ","))
}

func unix(ago time.Duration) string { return strconv.FormatInt(noon().Add(-ago).Unix(), 10) }

func TestConversationSearch(t *testing.T) {
	d := newDesk(t)
	both, first, second, none := []string{ticket, mail}, []string{ticket}, []string{mail}, []string{}
	for query, want := range map[string][]string{
		filter("state", "=", `"open"`):                                                        first,
		filter("state", "!=", `"open"`):                                                       second,
		filter("state", "IN", `["open","closed"]`):                                            both,
		filter("state", "NIN", `["open"]`):                                                    second,
		filter("open", "=", `true`):                                                           first,
		filter("open", "=", `"false"`):                                                        second,
		filter("contact_ids", "=", `"`+ana+`"`):                                               first,
		filter("tag_ids", "=", `"71"`):                                                        second,
		filter("tag_ids", "!=", `"71"`):                                                       first,
		filter("tag_ids", "=", `null`):                                                        first,
		filter("admin_assignee_id", "=", `991`):                                               second,
		filter("admin_assignee_id", "=", `"991"`):                                             second,
		filter("admin_assignee_id", "=", `null`):                                              first,
		filter("admin_assignee_id", "!=", `null`):                                             second,
		filter("created_at", ">", unix(time.Hour)):                                            first, // inclusive
		filter("created_at", ">", `"`+unix(2*time.Hour)+`"`):                                  both,
		filter("created_at", "<", unix(time.Hour+1e9)):                                        second,
		filter("updated_at", "=", unix(90*time.Minute)):                                       second,
		filter("source.body", "=", `"support"`):                                               first,
		filter("source.body", "=", `"SUPPORT"`):                                               first,
		filter("source.body", "=", `"need support"`):                                          none,
		filter("source.body", "=", `"supp"`):                                                  none,
		filter("source.body", "~", `"supp"`):                                                  first,
		filter("source.body", "!~", `"supp"`):                                                 second,
		filter("source.body", "=", `"way"`):                                                   none, // of a later part
		filter("source.type", "=", `"email"`):                                                 second,
		filter("source.author.email", "$", `"@Example.com"`):                                  both,
		filter("title", "^", `"Charged"`):                                                     first,
		filter("teammate_ids", "=", `"991"`):                                                  second,
		group("AND", filter("state", "=", `"open"`), filter("contact_ids", "=", `"`+ben+`"`)): none,
		group("OR", filter("state", "=", `"open"`), filter("contact_ids", "=", `"`+ben+`"`)):  both,
		group("AND", group("OR", filter("open", "=", `true`), filter("open", "=", `false`)), group("AND", filter("id", "=", `"`+mail+`"`))): second,
	} {
		slices.Sort(want)
		if got := d.find("/conversations", query); !slices.Equal(got, want) {
			t.Errorf("%s: found %v, want %v", query, got, want)
		}
	}
}

func TestSearchAnswersConversationsWithoutParts(t *testing.T) {
	d := newDesk(t)
	a := d.post("/conversations/search", `{"query":`+filter("id", "=", `"`+mail+`"`)+`}`)
	d.want(a, map[string]any{"type": "conversation.list", "conversations.0.id": mail, "conversations.0.source.body": "<p>Where is my refund?</p>"})
	if strings.Contains(a.raw, "conversation_parts\":{") {
		t.Errorf("answered %s", a.raw)
	}
}

func TestQueriesAreRefused(t *testing.T) {
	d := newDesk(t)
	open := filter("state", "=", `"open"`)
	for _, query := range []string{
		`null`, `[]`, `"x"`, `{}`, group("XOR", open), group("AND"), `{"operator":"AND","value":"x"}`, group("AND", "5"),
		group("AND", open, group("OR", open)),              // mixed
		group("AND", group("AND", group("AND", open))),     // three levels
		group("AND", slices.Repeat([]string{open}, 16)...), // too many
		filter("nope", "=", `"x"`), filter("state", ">", `"x"`), filter("created_at", "~", `"1"`), filter("open", ">", `true`),
		filter("created_at", ">", `"foobar"`), filter("state", "=", `5`), filter("open", "=", `"maybe"`),
		filter("state", "IN", `"open"`), filter("state", "IN", `null`), filter("created_at", ">", `null`), filter("state", "~", `{}`),
		filter("state", "in", `["open"]`), `{"field":"state","operator":"="}`, `{"field":5,"operator":"=","value":"x"}`,
		filter("admin_assignee_id", "=", `true`),
	} {
		d.refused(d.post("/conversations/search", `{"query":`+query+`}`), 400, "parameter_invalid")
	}
	d.refused(d.post("/conversations/search", `{}`), 400, "parameter_not_found")
	d.find("/conversations", group("AND", slices.Repeat([]string{open}, 15)...))
}

func TestSearchLagsBehindWhileReadingByIDDoesNot(t *testing.T) {
	d := newDesk(t)
	closedOnes := filter("state", "=", `"closed"`)
	d.post(partsOf, closeIt)
	d.want(d.get("/conversations/"+ticket), map[string]any{"state": "closed"})
	for after, want := range []int{1, 1, 1, 2} {
		if got := d.find("/conversations", closedOnes); len(got) != want {
			t.Errorf("after %d s: %v", after, got)
		}
		d.clock.Advance(time.Second)
	}
	created := d.post("/contacts", `{"email":"new@example.com"}`)
	id, _ := created.at("id").(string)
	d.want(d.get("/contacts/"+id), map[string]any{"email": "new@example.com"})
	query := filter("email", "=", `"new@example.com"`)
	if got := d.find("/contacts", query); len(got) != 0 {
		t.Errorf("found at once: %v", got)
	}
	d.Settings.IndexLag = 0
	d.clock.Advance(3 * time.Second)
	if got := d.find("/contacts", query); !slices.Equal(got, []string{id}) {
		t.Errorf("found %v", got)
	}
}

func TestSearchPagesByACursorInTheBody(t *testing.T) {
	d := newDesk(t)
	for i := range 5 {
		d.AddConversation(intercomapi.Conversation{
			ID: strconv.Itoa(10 + i), Messages: []intercomapi.Message{{From: "contact:" + ben, Body: "page"}},
		})
	}
	ask := func(path, cursor string) answer {
		return d.post(path, fmt.Sprintf(`{"query":%s,"pagination":{"per_page":2,"starting_after":%q}}`, filter("source.body", "=", `"page"`), cursor))
	}
	seen := map[string]int{}
	cursor := ""
	for page := 1; page <= 3; page++ {
		a := ask("/conversations/search", cursor)
		d.want(a, map[string]any{"pages.page": page, "pages.total_pages": 3, "total_count": 5})
		list, _ := a.at("conversations").([]any)
		for _, c := range list {
			seen[c.(map[string]any)["id"].(string)]++
		}
		again := ask("/conversations/search?starting_after="+cursor, "")
		d.want(again, map[string]any{"pages.page": 1, "conversations.0.id": "14"})
		cursor, _ = a.at("pages.next.starting_after").(string)
	}
	if cursor != "" || !maps.Equal(seen, map[string]int{"10": 1, "11": 1, "12": 1, "13": 1, "14": 1}) {
		t.Errorf("saw %v, next %q", seen, cursor)
	}
	d.refused(ask("/conversations/search", "x"), 400, "parameter_invalid")
	d.refused(d.post("/conversations/search", `{"query":`+filter("open", "=", "true")+`,"pagination":{"per_page":151}}`), 400, "parameter_invalid")
}

func TestSearchSorts(t *testing.T) {
	d := newDesk(t)
	ask := func(field, order string) answer {
		return d.post("/contacts/search", fmt.Sprintf(`{"query":%s,"sort":{"field":%q,"order":%q}}`, filter("email", "~", `"@"`), field, order))
	}
	d.want(ask("created_at", "ascending"), map[string]any{"data.#": 2, "data.0.id": ana})
	d.want(ask("created_at", "descending"), map[string]any{"data.#": 2, "data.0.id": ben})
	d.refused(ask("created_at", "desc"), 400, "invalid_sort_order")
	d.refused(ask("name", "ascending"), 400, "parameter_invalid")
}

func TestContactSearch(t *testing.T) {
	d := newDesk(t)
	both, first, second, none := []string{ana, ben}, []string{ana}, []string{ben}, []string{}
	for query, want := range map[string][]string{
		filter("email", "=", `"ANA@example.com"`):              first,
		filter("email", "~", `"example"`):                      both,
		filter("email_domain", "=", `"example.com"`):           both,
		filter("email", "=", `"ana@old.example"`):              none, // merged away
		filter("external_id", "=", `"u/1"`):                    first,
		filter("external_id", "=", `"U/1"`):                    none,
		filter("name", "$", `"en"`):                            second,
		filter("role", "=", `"lead"`):                          second,
		filter("tag_id", "=", `"71"`):                          first,
		filter("tag_id", "!=", `71`):                           second,
		filter("custom_attributes.stripe_id", "=", `"cus_1"`):  first,
		filter("custom_attributes.stripe_id", "!=", `"cus_1"`): second,
		filter("custom_attributes.seats", ">", `4`):            first,
		filter("custom_attributes.seats", ">", `5`):            none, // exclusive here
		filter("custom_attributes.vip", "=", `true`):           first,
	} {
		if got := d.find("/contacts", query); !slices.Equal(got, want) {
			t.Errorf("%s: found %v, want %v", query, got, want)
		}
	}
	for _, query := range []string{
		filter("custom_attributes.nope", "=", `"x"`), filter("created_at", "!=", "1"), filter("created_at", "IN", "[1]"),
		filter("created_at", ">=", "1"), filter("tag_id", "IN", `["71"]`), filter("segment_id", "IN", `["x"]`),
	} {
		d.refused(d.post("/contacts/search", `{"query":`+query+`}`), 400, "parameter_invalid")
	}
}

func TestContactSearchComparesDatesByTheWorkspacesDay(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		zone, operator string
		at             time.Time
		want           []string
	}{
		// Ben came at 11:00 UTC on the 23rd, Ana at 12:00 UTC on the 21st.
		{"UTC", "=", noon(), []string{ben}},
		{"UTC", ">", noon().Add(-24 * time.Hour), []string{ben}},
		{"UTC", ">", noon().Add(-12 * time.Hour), []string{}}, // the 23rd begins the 24th
		{"UTC", "<", noon().Add(11 * time.Hour), []string{ana}},
		{"Pacific/Kiritimati", "=", noon(), []string{ben}}, // both on the 24th there
		{"Pacific/Kiritimati", "=", noon().Add(-3 * time.Hour), []string{}},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		d.Settings.Timezone = zone
		query := filter("created_at", c.operator, strconv.FormatInt(c.at.Unix(), 10))
		if got := d.find("/contacts", query); !slices.Equal(got, c.want) {
			t.Errorf("%s %s %v: found %v, want %v", c.zone, c.operator, c.at, got, c.want)
		}
	}
}

// Version 2.17 compares Intercom's own times by the second and custom dates by the days
// of UTC, whatever the workspace's time zone.
func TestVersion217ComparesTimesExactly(t *testing.T) {
	d := newDesk(t)
	zone, err := time.LoadLocation("Pacific/Kiritimati")
	if err != nil {
		t.Fatal(err)
	}
	d.SetTimezone(zone)
	d.speak = "2.17"
	d.AddAttribute("card_expires_at", "date")
	const cem = "6a0000000000000000000009"
	d.AddContact(intercomapi.Contact{
		ID: cem, Email: "cem@other.example", Created: noon().Add(-72 * time.Hour),
		CustomAttributes: map[string]any{"card_expires_at": noon().Unix()},
	})
	at := func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
	for query, want := range map[string][]string{
		filter("created_at", "=", at(noon().Add(-time.Hour))):                           {ben},
		filter("created_at", ">", at(noon().Add(-time.Hour))):                           {},
		filter("created_at", ">", at(noon().Add(-time.Hour-time.Second))):               {ben},
		filter("created_at", "IN", "["+at(noon().Add(-time.Hour))+"]"):                  {ben},
		filter("custom_attributes.card_expires_at", "=", at(noon().Add(11*time.Hour))):  {cem},
		filter("custom_attributes.card_expires_at", "=", at(noon().Add(12*time.Hour))):  {},
		filter("custom_attributes.card_expires_at", ">", at(noon().Add(-13*time.Hour))): {cem},
	} {
		if got := d.find("/contacts", query); !slices.Equal(got, want) {
			t.Errorf("%s: found %v, want %v", query, got, want)
		}
	}
	d.refused(d.post("/contacts/search", `{"query":`+filter("custom_attributes.card_expires_at", "IN", "[1]")+`}`), 400, "parameter_invalid")
}
