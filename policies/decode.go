package policies

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// DecodeAction reads the facts of an action as they are recorded and as cases give
// them. A field that the kind does not have is an error, so that a misspelt one
// does not stand for nothing.
func DecodeAction(k Kind, facts []byte) (Action, error) {
	read, ok := map[Kind]func([]byte) (Action, error){
		KindRefund: decodeAs[Refund], KindCredit: decodeAs[Credit], KindCancel: decodeAs[Cancel], KindKeep: decodeAs[Keep],
		KindDiscount: decodeAs[Discount], KindRetry: decodeAs[Retry], KindReply: decodeAs[Reply], KindNote: decodeAs[Note], KindState: decodeAs[SetState],
		KindAssign: decodeAs[Assign], KindTag: decodeAs[Tag], KindSegment: decodeAs[Segment], KindContact: decodeAs[Contact], KindNewContact: decodeAs[NewContact],
		KindTagContact: decodeAs[TagContact], KindEvent: decodeAs[Event], KindLink: decodeAs[Link], KindBreaker: decodeAs[Breaker], KindLookup: decodeAs[Lookup],
		KindRevert: decodeAs[Revert], KindBillingSync: decodeAs[BillingSync],
	}[k]
	if !ok {
		return nil, fmt.Errorf("%s: there is no such kind of action", hint(string(k), kindNames()))
	}
	a, err := read(facts)
	if err != nil {
		return nil, fmt.Errorf("read the facts of a %s: %w", k, err)
	}
	return a, nil
}

func decodeAs[A Action](b []byte) (Action, error) {
	var a A
	if err := decodeStrictly(b, &a); err != nil {
		return nil, err
	}
	return a, nil
}

func decodeStrictly(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func kindNames() []string {
	var out []string
	for _, k := range kinds() {
		out = append(out, string(k))
	}
	return out
}
