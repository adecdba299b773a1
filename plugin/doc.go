// Package notunnel is the CoreDNS door of notunnel: it finds DNS tunnels in
// the queries that a server resolves and cuts them before the next one leaves.
//
// The data's way through the house, top to bottom and never back:
//
//	handler.go     a query comes in, an answer goes out
//	detect/        the engine that decides; also used offline by cmd/notunnel
//	subject/       who asks for what: the name taken apart, the client
//	split/         query name to prefix and SLD; split/psl the public suffixes
//	standing/      popular, listed or unknown: how well known an SLD is
//	flags/         who is blocked, why and until when
//	meter/         the information that each pair has carried, and its budget
//	window/        what is remembered of each (SLD, client) pair
//	joint/         what a client asked for below all its unknown SLDs together
//	../segment     prefix to words
//	../model       autoencoder, features and forest; surprisal is the meter's price list
//	verdict/       a case to a ruling: Pass, Watch or Block; what is allowed and denied
//	spelling.go    names leave in lower case, replies come back as they were asked for
//	answer.go      the reply to a blocked query
//
// Below all of them: escape/ reads and writes \DDD, keyhash/ is the keyed hash, slab/
// holds what is known of each pair, domain/ reads domains as people write them.
//
// Beside it: state/ keeps on disk what must not be forgotten, admin/ is the interface for
// people, watch/ names the pairs that are worth a look, forecast/ tells what blocking
// does, events/ tells other systems.
//
// Beside the way: setup.go and config.go read the Corefile, clientid.go who asks behind a
// forwarder, sharedengine.go is an engine with what goes on beside it, engines.go and
// instance.go keep windows, flags and what was metered over a reload, statefile.go over a
// restart, lists.go reads lists and models and listfiles.go watches their files,
// adminview.go is what admin/ sees, observe.go what forecast/ sees, eventfeed.go what
// events/ is told, pause.go lets all pass for a while, metrics.go and faults.go count,
// ready.go says when there is a verdict to be had, log.go, denylog.go and clock.go are
// what all of these use.
package notunnel
