// Package feature turns what a window has summed up into the 20 numbers that
// the forest judges. It is the only extractor: training rows are written with
// the code that serves.
//
// Symbols: an event is a prefix of the pair within 10 s (twins, retransmissions
// and 0x20 variants fold into one); U is the set of distinct prefixes in the
// window; |p| is the length of a prefix in unescaped bytes, dots included; changed
// is how many of them are in labels that the event before did not have; H is the
// Shannon entropy in bits over character classes, dots left out.
//
//	 1 entropy_mean          mean of H(p) over U                        bits
//	 2 entropy_std           deviation of H(p) over U                   bits
//	 3 entropy_cum           H of all of U together                     bits
//	 4 answer_entropy_cum    H of the rdata bytes, at most 256 an answer bits
//	 5 unique_qname_ratio    |U| / events
//	 6 char_evenness         (3) / log2(7), 1 where one class at most occurs
//	 7 distinct_chars        character classes that occur in U
//	 8 digit_share           digits / characters of U
//	 9 ae_loss               Σ loss·|p| / Σ|p|
//	10 ae_loss_std           deviation of the loss over U
//	11 ae_surprise           Σ loss·|p| / events                        loss·bytes
//	12 segment_ratio         Σ segments / Σ|p|
//	13 len_mean              mean of |p| over U                         bytes
//	14 len_std               deviation of |p| over U                    bytes
//	15 longest_label_mean    mean over U of the longest label           bytes
//	16 labels_mean           mean over U of the number of labels
//	17 evidence              log2(1 + Σ|p|)                             bits
//	18 carrier_share         events of a type that carries data / events
//	19 hyphen_share          hyphens / characters of U
//	20 changed_bytes         log2(1 + Σ changed over the events)         bits
//
// A type carries data when it is none of A, AAAA, HTTPS, SVCB, PTR, NS, SOA,
// DS, DNSKEY, CAA and the name has no label that begins with an underscore.
// Where nothing was answered yet, 4 is Unanswered.
//
// Five features of an earlier list gave way to 6, 8, 17, 19 and 20: distinct_chars
// / min(Σ|p|, 256), distinct answer sets / answered events, Σ|p| / events, the
// share of NXDOMAIN, and the mean of the rdata bytes. In a trial of the first four
// on composed tunnels and SLDs left out (three folds, 40 trees), 93 % instead of
// 82 % of the tunnels were found where 0.2 % of the benign sessions were flagged;
// in one of the last, on tunnels of which some repeat a long id (six folds, 50
// trees), 89.8 % instead of 86.4 %.
package feature
