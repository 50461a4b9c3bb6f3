package intercomapi

import "time"

// Admin is a teammate.
type Admin struct {
	ID           string // decimal
	Name, Email  string
	HasInboxSeat bool
	Bot          bool // the Operator bot: replies as a bot, and its comments on e-mail conversations are stored but not sent
}

// Team is a group of admins that conversations are assigned to.
type Team struct {
	ID     string // decimal
	Name   string
	Admins []string
}

// Tag is a label; names are unique without regard to case.
type Tag struct {
	ID   string // decimal
	Name string
}

// Company groups contacts. CompanyID is the customer's own id of it.
type Company struct {
	ID, CompanyID, Name string
	CustomAttributes    map[string]any
	Created             time.Time
}

// Contact is a person who writes. A custom attribute becomes known to the
// workspace by being used here.
type Contact struct {
	ID               string // 24 hexadecimal digits
	Role             string // user (the default) or lead
	Name, Email      string
	ExternalID       string // unique when not empty
	CustomAttributes map[string]any
	Companies        []string // ids of companies
	Tags             []string // ids of tags
	MergedInto       string   // id of the contact that took this one's place
	Archived         bool     // still there, found by no search, and in the way of an equal one
	Created          time.Time
}

// Conversation is a talk with a customer. The first message is its source.
type Conversation struct {
	ID               string // decimal
	Title            string
	Subject          string // of an e-mail
	Channel          string // source.type: conversation (Messenger, the default), email, ...
	State            string // open (the default), closed or snoozed
	SnoozedUntil     time.Time
	Priority         string // none (the default), low, medium, high or urgent
	Contacts         []string
	AdminAssignee    string
	TeamAssignee     string
	Messages         []Message
	Tags             []string // ids of tags
	CustomAttributes map[string]any
	Created          time.Time // of the first message when zero, or else the sandbox's present
}

// Message is something written on a conversation. The body is plain text or
// HTML and is changed as Intercom changes what comes in over the API.
type Message struct {
	From        string // "contact:ID", "admin:ID" or "bot"
	Body        string
	Note        bool // internal: only admins see it
	Mailed      bool // came by e-mail
	Attachments []Attachment
	At          time.Time // when the message before it was written, when zero
}

// Attachment is a file that came with a message.
type Attachment struct {
	Name, URL, ContentType string
	Size                   int64 // bytes
}
