// Package meter sums up what a client can have told the servers of a domain, and
// they it: in bits of information, not in bytes that look odd.
//
// # The argument
//
// Every query that leaves is described by a code, label by label (code.go), given
// what the pair of domain and client did before (memory.go). The probabilities of
// all descriptions, 2^-price, sum to at most 1 (Kraft's inequality; McMillan 1956
// shows that nothing is won by codes that are not prefix-free). By Shannon's source
// coding theorem (1948) no way to write data as queries, be it base32, words,
// addresses, samples of our own model of names or the order of known names, then
// gets more payload through, on average, than the descriptions cost. Paxson et al.
// ("Practical Comprehensive Bounds on Surreptitious Communication over DNS", USENIX
// Security 2013) bound it by the size of compressed logs, looking back; here the sum
// is there before the query leaves.
//
// To ask again for the very last name and type is free; how often is paid for when
// something else is asked. Replies are described in the same way (records.go): that they
// are the last ones to their names is free until one is not, and any other says which
// error it is, or how many records it has and what each of them is. The moment of
// queries is not described, nor which of several domains is asked when.
//
// # The memory
//
// Of each pair sixteen names, labels and records are remembered as 32 and 16 bits of
// their keyed hashes; beyond them, one table of fixed size that all accounts share
// remembers which names and records were paid for, what followed what, and the last
// reply to each name (paid.go). Forgetting makes things dearer; to take a new name for
// a known one makes it cheaper, and happens to one in 100 million at most. Sums are
// kept in parts of four hours, so that a limit holds for any 24 (sums.go). Accounts of
// pairs are held with what else is known of these, all others here, in tables of fixed
// size (package slab); what an account had spent that had to go is remembered for a day
// (past.go).
package meter
