package store

// Sealer seals personal data before it reaches the database, and indexes it so that it can be found. vault.Vault is the
// usual one; a certified device takes its place by doing the same.
type Sealer interface {
	// Seal seals plain for a place, the table, column and row that it is stored in: “organisation.body:person:ID”.
	Seal(plain []byte, place string) (string, error)
	// Open gives what Seal sealed for the same place.
	Open(sealed, place string) ([]byte, error)
	// SealBytes and OpenBytes do so for a column of bytes.
	SealBytes(plain []byte, place string) ([]byte, error)
	OpenBytes(sealed []byte, place string) ([]byte, error)
	// KeyOf gives the number of the key a text was sealed with; 0 for what is no sealed value.
	KeyOf(sealed string) int
	// CurrentKey is the number of the key that seals.
	CurrentKey() int
	// Blind gives the index of a normalised value in a domain: equal for equal values, and telling nothing by itself.
	Blind(domain, value string) string
}

// Sealer is what the database was opened with.
func (tx *Tx) Sealer() Sealer { return tx.db.Sealer() }

// Sealer is what the database was opened with.
func (db *DB) Sealer() Sealer {
	if db.sealer == nil {
		panic("store: opened without a Sealer")
	}
	return db.sealer
}
