// Package window keeps what is remembered of every (SLD, client) pair. It knows
// no policy: how far back a window reaches and when it is worth a score is told
// it once, at construction.
//
// Window has the sums of one pair, in panes that lie elsewhere (Panes), and knows no locks;
// Rules are what all of them are kept by.
package window
