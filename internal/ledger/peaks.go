package ledger

import "golang.org/x/mod/sumdb/tlog"

// peaks are the roots of the complete subtrees that make up a tree, the largest
// first: all that is needed to let it grow and to compute its root.
type peaks []tlog.Hash

// peakIndexes are the places at which the peaks of a tree are stored.
func peakIndexes(size int64) []int64 {
	var out []int64
	for first := int64(0); first < size; {
		level := 0
		for first+2<<level <= size {
			level++
		}
		out = append(out, tlog.StoredHashIndex(level, first>>level))
		first += 1 << level
	}
	return out
}

// readPeaks reads the peaks of a tree from its stored nodes.
func readPeaks(size int64, nodes tlog.HashReader) (peaks, error) {
	return nodes.ReadHashes(peakIndexes(size))
}

// grow hangs the event with the number n into a tree of that size and gives the
// nodes that this adds, in the order in which they are stored.
func (p *peaks) grow(n int64, leaf tlog.Hash) []tlog.Hash {
	added := []tlog.Hash{leaf}
	for ; n&1 == 1; n >>= 1 {
		left := len(*p) - 1
		leaf = tlog.NodeHash((*p)[left], leaf)
		*p = (*p)[:left]
		added = append(added, leaf)
	}
	*p = append(*p, leaf)
	return added
}

// root is the root of the tree.
func (p peaks) root() (tlog.Hash, error) {
	if len(p) == 0 {
		return tlog.TreeHash(0, nil)
	}
	root := p[len(p)-1]
	for i := len(p) - 2; i >= 0; i-- {
		root = tlog.NodeHash(p[i], root)
	}
	return root, nil
}
