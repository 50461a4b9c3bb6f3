package policies

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The cases of testdata/judge are in the format that support leads write.
func TestJudging(t *testing.T) {
	files, err := filepath.Glob("testdata/judge/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		cases := readCases(t, file)
		policy := testPolicy(t)
		if cases.Policy != nil {
			policy = compiled(t, string(cases.Policy))
		}
		for _, c := range cases.Cases {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+c.Name, func(t *testing.T) {
				for _, wrong := range c.Check(policy) {
					t.Error(wrong)
				}
				if d := c.Judge(policy); d.Revision != policy.Revision {
					t.Errorf("decided under %s", d.Revision)
				}
			})
		}
	}
}

func readCases(t *testing.T, file string) *Cases {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := ParseCases(file, b)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

// testPolicy has limits of its own, so that a better default breaks no vector.
func testPolicy(tb testing.TB) *Policy {
	tb.Helper()
	text, err := os.ReadFile("testdata/policy.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	return compiled(tb, string(text))
}

func TestTheDefaultPolicyDecidesItsCasesAndNoneOfItsRulesIsUntouched(t *testing.T) {
	all, err := DefaultCases()
	if err != nil {
		t.Fatal(err)
	}
	p := compiled(t, string(Default()))
	var cases []Case
	for _, file := range all {
		for _, c := range file.Cases {
			for _, wrong := range c.Check(p) {
				t.Errorf("%s: %s: %s", file.Name, c.Name, wrong)
			}
		}
		cases = append(cases, file.Cases...)
	}
	if c := Cover(p, cases); len(cases) < 120 || len(c.Untouched) > 0 {
		t.Errorf("%d cases, untouched: %v", len(cases), c.Untouched)
	}
}

// Each sample policy has cases beside it that need each of its rules.
func TestTheSamplePoliciesDecideTheirCases(t *testing.T) {
	for _, name := range []string{"saas", "shop", "bank"} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile("../docs/policies/" + name + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			p := compiled(t, string(text))
			if err := resolvedSchema(t).Validate(decoded(t, string(text))); err != nil {
				t.Errorf("the schema: %v", err)
			}
			cases := readCases(t, "../docs/policies/"+name+".txtar").Cases
			for _, c := range cases {
				for _, wrong := range c.Check(p) {
					t.Errorf("%s: %s", c.Name, wrong)
				}
			}
			if c := Cover(p, cases); len(c.Untouched) > 0 {
				t.Errorf("untouched: %v", c.Untouched)
			}
		})
	}
}

// What the guide shows is true.
func TestTheCasesOfTheGuideAreDecidedAsItSays(t *testing.T) {
	guide, err := os.ReadFile("../docs/policies/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(guide), "```\nRefunds of our shop.\n")
	text, _, _ := strings.Cut(rest, "```\n")
	cases, err := ParseCases("README.md", []byte(text))
	if err != nil || len(cases.Cases) != 3 {
		t.Fatalf("%d cases, %v", len(cases.Cases), err)
	}
	saas, err := os.ReadFile("../docs/policies/saas.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases.Cases {
		for _, wrong := range c.Check(compiled(t, string(saas))) {
			t.Errorf("%s: %s", c.Name, wrong)
		}
	}
}
