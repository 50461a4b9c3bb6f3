package policies

import (
	"embed"
	"errors"
	"path"
)

// defaultCases are the cases of the default policy. The compiler fills them in;
// nothing changes them.
//
//go:embed default/*.txtar
var defaultCases embed.FS

// DefaultCases are the cases that prove the default policy, by topic. Each call
// reads them anew.
func DefaultCases() ([]*Cases, error) {
	files, err := defaultCases.ReadDir("default")
	if err != nil {
		return nil, err
	}
	var out []*Cases
	var problems []error
	for _, f := range files {
		name := path.Join("default", f.Name())
		b, err := defaultCases.ReadFile(name)
		if err != nil {
			return nil, err
		}
		cases, err := ParseCases(name, b)
		out, problems = append(out, cases), append(problems, err)
	}
	return out, errors.Join(problems...)
}
