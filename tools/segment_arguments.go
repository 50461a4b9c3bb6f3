package tools

import (
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// planAge is until when a plan may be begun.
const planAge = 3 * 24 * time.Hour

type segmentPlanID string

// Schema wants the form of a plan's id.
func (segmentPlanID) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^plan_[a-z0-9]{20}$`, Description: "plan_id of preview_segment"}
}
