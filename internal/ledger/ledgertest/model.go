package ledgertest

import "testing"

func model(t *testing.T, fresh Fresh) {}
