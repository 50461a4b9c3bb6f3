package ledger

// checkStorage lets the database compare its indexes with its tables: budgets are
// summed from an index alone, which a damaged file can make say something else
// than the rows that the other checks read.
func (v *verifier) checkStorage(statements []string) error {
	for _, statement := range statements {
		err := v.each(statement, func(scan func(...any) error) error {
			var said string
			if err := scan(&said); err != nil {
				return err
			}
			if said != "ok" {
				v.report.add("the database says: %s", said)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
