// Package joint keeps what a client asked for below all its unknown SLDs together,
// for tunnels that spread over several of them so that none carries much.
//
// A window holds the client's last events: names that were new to their pair and say
// something new to the client as well. What is new is judged against the client's own
// last names over all SLDs, so that an id which stands below all of them says nothing,
// but is counted as shared. The store knows no policy; like package window's, it is a
// table of shards, each a mutex around those used last.
package joint
