#!/usr/bin/env bash
# Records the captures of this folder anew: real clients in network namespaces
# of their own, through a CoreDNS that does not judge. Needs root, "make deps",
# "make bin/coredns" and python3 (what goes through the tunnels is served by it).
set -euo pipefail
cd "$(dirname "$0")"
coredns=$PWD/../../bin/coredns

server=ntrec$$a client=ntrec$$b
work=$(mktemp -d)
pids=()

cleanup() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait
	ip netns del $server 2>/dev/null || true
	ip netns del $client 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT

# in_server and in_client put a command into the background and note its pid;
# "ip netns exec" becomes the command, so the pid is that of the command.
in_server() { ip netns exec $server "$@" >>"$work/log" 2>&1 & pids+=($!); }
in_client() { ip netns exec $client "$@" >>"$work/log" 2>&1 & pids+=($!); }

# stop ends the latest n background commands.
stop() {
	for _ in $(seq "$1"); do
		kill "${pids[-1]}" 2>/dev/null || true
		wait "${pids[-1]}" 2>/dev/null || true
		unset 'pids[-1]'
	done
}

# fetch reads the served file over the tunnel at host $1, port $2.
fetch() {
	ip netns exec $client timeout 20 bash -c '
		exec 3<>"/dev/tcp/$1/$2"
		printf "GET /payload HTTP/1.0\r\n\r\n" >&3
		wc -c <&3' fetch "$1" "$2"
}

resolver() { # $1: what stands in the server block
	printf '.:53 {\n bind 10.99.9.1\n %s\n}\n' "$1" >"$work/Corefile"
	in_server "$coredns" -conf "$work/Corefile"
	sleep 1
}

record() { # $1: the file
	in_client tcpdump -Z root --immediate-mode -U -w "$1" -i veth1 port 53
	sleep 1
}

iodine() { # $1: file, $2: record type, $3: domain
	resolver "forward . 127.0.0.1:5300"
	in_server iodined -f -c -P pw -l 127.0.0.1 -p 5300 10.98.0.1/24 "$3"
	sleep 1
	record "$1"
	in_client iodine -f -r -T "$2" -P pw 10.99.9.1 "$3"
	sleep 3
	in_server python3 -m http.server --directory "$work/www" --bind 10.98.0.1 7000
	sleep 2
	fetch 10.98.0.1 7000
	stop 5
}

dns2tcp() { # $1: file, $2: record type, $3: domain
	cat >"$work/dns2tcpd.conf" <<-END
		listen = 127.0.0.1
		port = 5300
		user = nobody
		chroot = /var/empty
		domain = $3
		key = k
		resources = svc:127.0.0.1:7000
	END
	mkdir -p /var/empty
	resolver "forward . 127.0.0.1:5300"
	in_server dns2tcpd -F -f "$work/dns2tcpd.conf"
	in_server python3 -m http.server --directory "$work/www" --bind 127.0.0.1 7000
	sleep 3
	record "$1"
	in_client dns2tcpc -z "$3" -k k -r svc -l 7001 -T "$2" 10.99.9.1
	sleep 1
	# The first connection only idles.
	ip netns exec $client timeout 3 bash -c 'exec 3<>/dev/tcp/127.0.0.1/7001; cat <&3' || true
	fetch 127.0.0.1 7001
	stop 5
}

# lookups asks, as client $1, for A of every $2-th of the names, from line $3 on,
# for AAAA of every second of those, and for what mail and services ask.
lookups() {
	awk -v step="$2" -v first="$3" '
		NR % step != first { next }
		{ print $1, "A" }
		n++ % 2 { print $1, "AAAA" }
		$1 ~ /^[a-z0-9-]+\.[a-z]+$/ {
			print $1, "MX"; print $1, "TXT"
			print "_dmarc." $1, "TXT"; print "_imaps._tcp." $1, "SRV"
			print "default._domainkey." $1, "TXT"
			print "printer" n ".office.lan", "A"
			print n ".2.0.192.in-addr.arpa", "PTR"
		}' names.tsv >"$work/batch.$1"
	ip netns exec $client dig -b "$1" @10.99.9.1 +nocookie +tries=1 -f "$work/batch.$1" >>"$work/log"
}

ordinary() { # $1: file
	resolver '
 template IN A {
   match ^www[.](.+)[.]$
   answer "{{ .Name }} 300 IN CNAME {{ index .Match 1 }}.cdn-edge.net."
   answer "{{ index .Match 1 }}.cdn-edge.net. 60 IN A 192.0.2.10"
   fallthrough
 }
 template ANY ANY lan {
   rcode NXDOMAIN
   authority "lan. 60 IN SOA ns.lan. host.lan. 1 60 60 60 60"
 }
 template IN A {
   answer "{{ .Name }} 300 IN A 192.0.2.20"
   answer "{{ .Name }} 300 IN A 192.0.2.21"
 }
 template IN AAAA {
   answer "{{ .Name }} 300 IN AAAA 2001:db8::20"
 }
 template IN MX {
   answer "{{ .Name }} 3600 IN MX 10 mail.{{ .Name }}"
 }
 template IN TXT {
   answer "{{ .Name }} 3600 IN TXT \"v=spf1 include:_spf.{{ .Name }} ~all\""
 }
 template IN SRV {
   answer "{{ .Name }} 3600 IN SRV 0 1 993 imap.{{ .Name }}"
 }
 template IN PTR {
   answer "{{ .Name }} 3600 IN PTR host.office-network.net."
 }'
	record "$1"
	lookups 10.99.9.2 5 1 &
	lookups 10.99.9.3 6 2
	wait $!
	sleep 1
	stop 2
}

ip netns add $server
ip netns add $client
ip -n $server link add veth0 type veth peer name veth1 netns $client
ip -n $server addr add 10.99.9.1/29 dev veth0
ip -n $client addr add 10.99.9.2/29 dev veth1
ip -n $client addr add 10.99.9.3/29 dev veth1
for ns in $server $client; do ip -n $ns link set lo up; done
ip -n $server link set veth0 up
ip -n $client link set veth1 up

mkdir "$work/www"
head -c 12000 /dev/urandom >"$work/www/payload"

iodine iodine-null.pcap NULL t.tunnel-lab.com
iodine iodine-txt.pcap TXT t.tunnel-lab.net
dns2tcp dns2tcp-txt.pcap TXT d.tunnel-lab.org
dns2tcp dns2tcp-key.pcap KEY d.tunnel-lab.info
ordinary ordinary-lookups.pcap
ls -l ./*.pcap
