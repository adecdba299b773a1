package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// cloudFamilies are names that clouds and clusters give: a long id that never
// changes stands in every one of them, at any place.
func cloudFamilies(w *world) []family {
	region := func(r *rand.Rand) string {
		return pick(r, "us-east-1", "eu-west-1", "westeurope", "eastus2", "germanywestcentral", "fra", "europe-west3")
	}
	return []family{
		{name: "vnet-hosts", habit: "address", crowd: true, says: hosts, start: func(r *rand.Rand) namer {
			net := random(r, base32, 26) + "." + pick(r, "ax", "bx", "cx", "fx", "px") + ".internal"
			pools := nodePools(r)
			return func() string { return pick(r, pools(), pools(), machine(r, w)) + "." + net }
		}},
		{name: "vnet-search", habit: "missing", crowd: true, says: absent, start: func(r *rand.Rand) namer {
			net := random(r, base32, 26) + ".ax.internal"
			return func() string { return w.host(r) + "." + net }
		}},
		// A cluster's own zone behind every outside name: the id of a tenant, a
		// network or a project.
		{name: "id-search", habit: "missing", crowd: true, says: absent, start: func(r *rand.Rand) namer {
			zone := longID(r) + pick(r, "", "."+region(r), ".internal", "."+w.label(r))
			if r.IntN(3) == 0 {
				zone = w.label(r) + ".svc." + zone
			}
			return func() string { return w.host(r) + "." + zone }
		}},
		{name: "vcn-hosts", habit: "address", crowd: true, says: hosts, start: func(r *rand.Rand) namer {
			vcn := w.word(r) + "vcn"
			subs := several(1+r.IntN(4), func() string { return "sub" + random(r, "0123456789", 11) })
			cluster, pool, set := "c"+random(r, base36, 10), "n"+random(r, base36, 10), "s"+random(r, base36, 10)
			return func() string {
				host := fmt.Sprintf("oke-%s-%s-%s-%d", cluster, pool, set, r.IntN(200))
				switch r.IntN(5) {
				case 0:
					host = fmt.Sprintf("instance-2024%02d%02d-%04d", 1+r.IntN(12), 1+r.IntN(28), r.IntN(2400))
				case 1:
					host = machine(r, w)
				case 2:
					pool, set = "n"+random(r, base36, 10), "s"+random(r, base36, 10)
				}
				return host + "." + subs[r.IntN(len(subs))] + "." + vcn
			}
		}},
		{name: "cluster-api", habit: "address", says: hosts, start: func(r *rand.Rand) namer {
			// The private zone of a cluster: its API, its nodes, its ingress.
			zone := pick(r, guid(r), random(r, hexDigits, 32)) + pick(r, ".privatelink.", ".gr7.", ".k8s.", ".private.") + region(r)
			pools, name := nodePools(r), w.word(r)+"-dns-"+random(r, base36, 8)
			return func() string {
				return pick(r, name, name, pools(), pools(), w.label(r), "api", w.word(r)+"-"+random(r, hexDigits, 8)) + "." + zone
			}
		}},
		{name: "instances", habit: "address", crowd: true, says: hosts, start: func(r *rand.Rand) namer {
			zone := region(r) + pick(r, ".compute", ".compute.internal", "")
			form := r.IntN(4)
			return func() string {
				switch form {
				case 0:
					return "ip-10-" + num(r, 256) + "-" + num(r, 256) + "-" + num(r, 254) + "." + zone
				case 1:
					return "i-0" + random(r, hexDigits, 16) + "." + zone
				case 2:
					return w.word(r) + "-" + random(r, hexDigits, 10) + "-" + random(r, base36, 5) + "." + zone
				}
				return fmt.Sprintf("gke-%s-default-pool-%s-%s.%s", w.word(r), random(r, hexDigits, 8), random(r, base36, 4), zone)
			}
		}},
		{name: "endpoints", habit: "address", crowd: true, says: balanced, start: func(r *rand.Rand) namer {
			account, zone := pick(r, random(r, "0123456789", 12), random(r, hexDigits, 32), guid(r)), region(r)
			return func() string {
				switch r.IntN(4) {
				case 0:
					return "vpce-0" + random(r, hexDigits, 16) + "-" + random(r, base36, 8) + "." + zone + ".vpce"
				case 1:
					return account + "." + pick(r, "dkr.ecr", "s3", "iot", "blob", "vault") + "." + zone
				}
				return w.label(r) + "." + account + "." + zone
			}
		}},
		// Any other layout: host words and an id that stays, before them, behind
		// them, between them or in one label with them.
		{name: "constant-id", habit: "address", says: hosts, start: func(r *rand.Rand) namer {
			id, place := longID(r), r.IntN(5)
			second := pick(r, "", "", "."+longID(r))
			return func() string {
				host := pick(r, w.label(r), w.label(r)+num(r, 100), w.label(r)+"."+w.label(r), fmt.Sprintf("%s-%02d", w.word(r), r.IntN(100)))
				switch place {
				case 0:
					return id + "." + host + second
				case 1:
					return host + "." + id + second
				case 2:
					return w.label(r) + "." + id + "." + host + second
				case 3:
					return host[strings.LastIndexByte(host, '.')+1:] + "-" + id + second
				}
				return id + "-" + host + second
			}
		}},
		{name: "balancer-names", habit: "address", says: balanced, start: func(r *rand.Rand) namer {
			form, zone := r.IntN(4), region(r)+pick(r, "", ".elb", ".alb", ".lb")
			return func() string {
				switch form {
				case 0:
					return w.word(r) + "-" + random(r, "0123456789", 8+r.IntN(3)) + "." + zone
				case 1:
					return "internal-" + w.word(r) + "-" + w.word(r) + "-" + random(r, "0123456789", 9) + "." + zone
				case 2:
					return "k8s-" + w.word(r) + "-" + w.word(r) + "-" + random(r, hexDigits, 10) + "-" + random(r, hexDigits, 16) + "." + zone
				}
				return "dualstack." + w.word(r) + "-" + random(r, "0123456789", 10) + "." + zone
			}
		}},
	}
}

// longID is an id of a machine, a tenant or a network as it stands in names.
func longID(r *rand.Rand) string {
	switch r.IntN(6) {
	case 0, 1:
		return guid(r)
	case 2:
		return random(r, base32, 26)
	case 3:
		return random(r, base36, 10+r.IntN(40))
	case 4:
		return random(r, "0123456789", 8+r.IntN(12))
	}
	return random(r, hexDigits, []int{12, 16, 24, 32, 40, 56}[r.IntN(6)])
}

// nodePools names the nodes of a cluster's pools.
func nodePools(r *rand.Rand) namer {
	pools := several(1+r.IntN(4), func() string {
		return "aks-" + pick(r, "nodepool", "userpool", "agentpool", "gpu") + num(r, 9) + "-" + random(r, "0123456789", 8) + "-vmss"
	})
	return func() string {
		n := r.IntN(300)
		return fmt.Sprintf("%s0000%c%c", pools[r.IntN(len(pools))], base36[n/36], base36[n%36])
	}
}

// machine is a server's name as people give it.
func machine(r *rand.Rand, w *world) string {
	return fmt.Sprintf("%s-%s-%02d", pick(r, "vm", "db", "app", "web", "srv", "jump"), pick(r, "prod", "test", "stage", w.word(r)), 1+r.IntN(40))
}
