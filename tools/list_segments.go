package tools

import (
	"context"

	"supportmcp/internal/access"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

type listSegmentsInput struct {
	Segment segmentID `json:"segment_id,omitempty"`
	Cursor  cursor    `json:"cursor,omitempty"`
}

type listedSegments struct {
	Segments []listedSegment `json:"segments,omitempty"`
	Members  []foundContact  `json:"members,omitempty"`
	Total    int             `json:"total"`
	Next     cursor          `json:"next_cursor,omitempty"`
}

type listedSegment struct {
	Segment string `json:"segment_id"`
	Name    string `json:"name"`
	Of      string `json:"of" jsonschema:"users, or leads"`
	Count   int    `json:"count"`
}

// ListSegments lists the workspace's segments, or the members of one.
func ListSegments(d Deps) Tool {
	return Read(Spec{
		Toolset: Contacts, Name: "list_segments", Title: "List segments",
		Scopes:      access.Scopes{access.Lookup},
		Description: "Segments of contacts with their counts; with segment_id the members of one.",
	}, d.listSegments)
}

func (d Deps) listSegments(ctx context.Context, _ policies.Principal, in listSegmentsInput) (out listedSegments, err error) {
	const tool = "list_segments"
	p, err := in.Cursor.place(tool, string(in.Segment))
	if err != nil {
		return out, err
	}
	p.Thread = moreMembers
	if in.Segment != "" {
		found, err := d.contacts(ctx, tool, p, intercom.ContactQuery{Segment: string(in.Segment)})
		return listedSegments{Members: found.Contacts, Total: found.Total, Next: found.Next}, err
	}
	all, err := d.Intercom.Segments(ctx)
	if err != nil {
		return out, err
	}
	out.Total = len(all)
	out.Segments, out.Next, err = pageOf(tool, p, intercom.Page[intercom.Segment]{Items: all}, func(s intercom.Segment) string { return s.ID }, listedSegmentOf)
	return out, err
}

func listedSegmentOf(s intercom.Segment) listedSegment {
	of := "users"
	if s.Of == "contact" {
		of = "leads"
	}
	return listedSegment{Segment: s.ID, Name: label(s.Name, maxLabel), Of: of, Count: s.Count}
}
