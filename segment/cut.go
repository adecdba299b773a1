package segment

// Labels have at most 63 bytes, so a longer run of letters is not worth a larger
// table: it is cut here.
const maxRun = 63

// unknown is the cost of a letter that belongs to no word. It exceeds the
// greatest cost of a word (trie.MaxCost), so that a letter stands alone only where
// no words fit. A run of maxRun such letters stays within uint16.
const unknown = 100

// cut holds the cheapest cuts of one run of letters. It lives on the stack of
// the caller.
type cut struct {
	cost  [maxRun + 1]uint16 // of the letters from here to the end
	words [maxRun + 1]uint8  // segments from here to the end
	size  [maxRun]uint8      // length of the first of them
}

// count cuts run, 1 to maxRun letters, and returns the number of segments.
// Among cuts of equal cost the one with fewer segments wins.
func (c *cut) count(run []byte) int {
	end := len(run)
	c.cost[end], c.words[end] = 0, 0
	for at := end - 1; at >= 0; at-- {
		cost, words, size := c.cost[at+1]+unknown, c.words[at+1], 1
		node := lexicon.Root()
		for i := at; i < end; i++ {
			var ok bool
			if node, ok = lexicon.Child(node, run[i]); !ok {
				break
			}
			w := uint16(node.Cost())
			if w == 0 {
				continue
			}
			w += c.cost[i+1]
			if w < cost || w == cost && c.words[i+1] < words {
				cost, words, size = w, c.words[i+1], i+1-at
			}
		}
		c.cost[at], c.words[at], c.size[at] = cost, words+1, uint8(size)
	}
	return int(c.words[0])
}
