package policies

import (
	"strings"
	"testing"
)

func TestNoPolicyLetsAnAgentChangeManyContactsAlone(t *testing.T) {
	for alone, fails := range map[string]bool{"25": false, "26": true} {
		_, err := Parse("policy.yaml", []byte("version: 1\nsegment: {allow: [vip], max: 100, alone: "+alone+"}"))
		if fails != (err != nil && strings.Contains(err.Error(), "must not be above 25")) {
			t.Errorf("with alone %s: %v", alone, err)
		}
	}
}

func TestWhatSaysWhoSomebodyIsIsNotSetForMany(t *testing.T) {
	for _, name := range []string{"email", "stripe_customer_id"} {
		_, err := Parse("policy.yaml", []byte("version: 1\nsegment: {allow: [vip], max: 100, attributes: ["+name+"]}"))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("with the attribute %s: %v", name, err)
		}
	}
}

func TestAnyOtherListOfChangesHasAnotherDigest(t *testing.T) {
	lists := [][]ContactChange{
		nil,
		{{Contact: "a"}},
		{{Contact: "a", Remove: true}},
		{{Contact: "a", Tag: "vip"}},
		{{Contact: "a", Set: map[string]string{"x": "1"}}},
		{{Contact: "a"}, {Contact: "b"}},
		{{Contact: "b"}, {Contact: "a"}},
	}
	seen := map[string]int{}
	for i, l := range lists {
		d, err := DigestChanges(l)
		if other, twice := seen[d]; twice || err != nil {
			t.Errorf("lists %d and %d have one digest: %v", i, other, err)
		}
		seen[d] = i
	}
}
