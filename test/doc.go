// Package test tries the resolver as a whole: built, started on loopback and
// asked over sockets. Tests that need root, network namespaces and real tunnel
// clients have the build tag e2e.
package test
