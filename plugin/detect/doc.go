// Package detect is the engine: a query in, a decision out; a reply in,
// evidence up. The resolver's plugin and the offline commands share it. It
// reads no clock and imports no CoreDNS.
//
//	query → split → meter → window → (segment, autoencoder) → feature → forest → verdict
//	                        joint  →                          feature → forest → verdict
package detect
