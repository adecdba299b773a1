package meter

// Record is a record of a reply as the meter needs it.
type Record struct {
	Hash  uint64 // keyed hash of type and rdata
	Price Bits
}

// Data prices rdata byte by byte: addresses too, which are no cheaper.
func Data(size int) Bits { return FromBytes(uint64(size)) }

// Name prices a name in canonical form that a record is made of.
func (c *Code) Name(name []byte) Bits { return c.prefix(name, new(held)) }
