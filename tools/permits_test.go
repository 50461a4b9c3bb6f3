package tools_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"supportmcp/internal/intercom"
	"supportmcp/internal/stripe"
)

// A method of an adapter either reads, and is named here, or takes a permit: a
// new write without one cannot slip in.
func TestEveryMethodOfAnAdapterReadsOrTakesAPermit(t *testing.T) {
	for client, reads := range map[reflect.Type][]string{
		reflect.TypeFor[*stripe.Client](): {
			"Account", "Background", "Billing", "BillingEvents", "BillingObject", "CardPage", "Charge", "ChargeOfPaymentIntent", "Charges", "ChargesIn", "Customer", "CustomersByEmail", "CustomersByMetadata", "CustomersByName", "Excess", "FindCanceled", "FindCredited", "FindDiscounted", "FindKept", "FindPaid", "FindRefund", "Inspect", "Invoice", "InvoicePage", "Invoices", "Made", "Offer", "PastPayments", "PastRefunds", "ReceiptPage", "Subscription", "Subscriptions", "UnusedTime",
		},
		reflect.TypeFor[*intercom.Client](): {
			"Admin", "Admins", "Articles", "Attributes", "Author", "Check", "CheckRegion", "Company", "Contact", "ContactAttribute", "Conversation", "FindApplied", "FindAssigned", "FindContact", "FindContactTags", "FindEvent", "FindNote", "FindReply", "FindState", "FindTags", "FindUpdate", "Macros", "Me", "Ready", "SearchContacts", "SearchContactsByAny", "SearchConversations", "Segments", "Tags", "Team", "Teams", "VerifiesIdentity", "Writer",
		},
	} {
		writes := 0
		for m := range client.Methods() {
			if slices.Contains(reads, m.Name) {
				continue
			}
			writes++
			if !takesPermit(m.Type) {
				t.Errorf("%s.%s is no known read and takes no permit", client, m.Name)
			}
		}
		if writes == 0 {
			t.Errorf("%s has no write", client)
		}
	}
}

func takesPermit(method reflect.Type) bool {
	for in := range method.Ins() {
		if in.Kind() == reflect.Pointer && in.Elem().PkgPath() == "supportmcp/policies" && strings.HasPrefix(in.Elem().Name(), "Permit[") {
			return true
		}
	}
	return false
}
