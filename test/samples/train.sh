#!/usr/bin/env bash
# A training from end to end, small: all models from this folder's samples, in
# a temporary folder, and the command loads what came out. It shows that the
# way works; the models are of no use.
# What comes out has to be what trained.json records of an earlier run; --write records
# it anew.
# Usage: train.sh NOTUNNEL PYTHON [--write], from the root of the repository.
set -euo pipefail
notunnel=$1 python=$2
samples=test/samples

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

gzip -c $samples/names.tsv >"$work/names.tsv.gz"
# Prefixes are the names without their last two labels: near enough here.
cut -f1 $samples/names.tsv | sed -nE 's/\.[^.]+\.[^.]+$//p' | sort -u >"$work/prefixes.txt"

mkdir "$work/composed"
go run ./model/train/compose --names "$work/names.tsv.gz" --out "$work/composed" --sessions 8 --ordinary 8
"$notunnel" encode -o "$work/unseen.npy" "$work/composed/unseen-prefixes.txt.gz"
"$notunnel" encode -o "$work/prefixes.npy" --without "$work/composed/unseen-prefixes.txt.gz" "$work/prefixes.txt"
list=$("$notunnel" version --suffix-list)
"$python" model/train/train_autoencoder.py "$work/prefixes.npy" "$work/unseen.npy" --work "$work" --out "$work/models" \
	--suffix-list "$list" --data "samples" --epochs 3
"$python" model/train/train_surprisal.py "$work/prefixes.npy" "$work/unseen.npy" --out "$work/models" --suffix-list "$list" --data "samples"
"$notunnel" features -o "$work/rows.csv.gz" --model "$work/models" "$work"/composed/benign-*.tsv.gz "$work"/composed/tunnel-*.tsv.gz $samples/*.pcap
"$python" model/train/train_forest.py "$work/rows.csv.gz" --out "$work/models" --suffix-list "$list" --data "samples, composed from names.tsv"

"$notunnel" features --joint -o "$work/joint.csv.gz" --model "$work/models" "$work"/composed/benign-*.tsv.gz "$work"/composed/tunnel-rotation*.tsv.gz $samples/*.pcap
"$python" model/train/train_joint.py "$work/joint.csv.gz" --out "$work/models" --suffix-list "$list" --data "samples, composed from names.tsv"

# shellcheck disable=SC2086 # an option or none
"$python" model/train/same.py ${3-} "$work/models" $samples/trained.json

"$notunnel" scan --json --model "$work/models" $samples/*.pcap >"$work/scan.json"
grep -q '"type":"summary"' "$work/scan.json"
echo "train-sample: all models were trained, exported and loaded"
