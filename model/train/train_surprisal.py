"""Trains the n-gram model that spells labels, on the labels of benign prefixes.

Input: the uint8 [N,64] arrays that "notunnel encode" writes. Output, in --out:
surprisal.bin (which row of costs each context of three symbols has, then the
rows), surprisal.json (manifest) and golden/surprisal.json (labels with their
cost). Nothing is drawn at random but what golden labels there are.
"""

import argparse
import pathlib
import random

import numpy as np

import artifact
import codes
import ngrams
import prefixes

LAYOUT = 1
ROWS = 3600  # of costs; with the index they fill 253 of 256 KiB
ROUNDS = 4
FINE = 16  # counts are rounded to 1/FINE before rows are shared


def build(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The row of each context and the rows, as codes.share has them. It begins
    with the rows of those contexts that lose most by the last two symbols alone;
    one that never occurred counts as seen once."""
    exact = ngrams.smooth(counts)
    loss = (counts * (codes.costs(ngrams.smooth(counts, 3)) - codes.costs(exact))).sum(axis=1)
    first = np.argsort(-loss, kind="stable")[:ROWS]
    real = ngrams.possible()
    weights = np.rint(FINE * exact[real] * (counts[real].sum(axis=1, keepdims=True) + 1))
    index = np.zeros(ngrams.CONTEXTS, dtype=np.int64)
    index[real], rows = codes.share(weights, codes.costs(exact[first]), ROUNDS)
    return index, rows


def export(index: np.ndarray, rows: np.ndarray, path: pathlib.Path) -> None:
    """Writes the index as uint16, least byte first, and the rows as bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(index.astype("<u2").tobytes() + rows.astype(np.uint8).tobytes())


def spell(data: bytes, label: bytes) -> int | None:
    """The cost of a label by an exported model, None if it cannot be spelled."""
    spelled = label.decode("latin-1")
    if not 1 <= len(spelled) <= ngrams.LONGEST or set(spelled) - set(ngrams.ALPHABET):
        return None
    symbols = [ngrams.BOUNDARY] * ngrams.BEFORE + [ngrams.ALPHABET.index(c) for c in spelled] + [ngrams.BOUNDARY]
    total = 0
    for a, b, c, follows in zip(symbols, symbols[1:], symbols[2:], symbols[3:]):
        context = (a * ngrams.SYMBOLS + b) * ngrams.SYMBOLS + c
        row = int.from_bytes(data[2 * context : 2 * context + 2], "little")
        total += data[2 * ngrams.CONTEXTS + row * ngrams.SYMBOLS + follows]
    return total


def golden(path: pathlib.Path, seed: int) -> list[dict]:
    """Labels (hex) and their cost in the exported file: those of the prefixes that
    the autoencoder is checked on, random ones of every length past the longest."""
    rng = random.Random(seed)
    found = {label for prefix in prefixes.golden_prefixes(seed) for label in prefix.split(b".")}
    for length in [*range(1, ngrams.LONGEST + 2)] * 8:
        found.add("".join(rng.choices(ngrams.ALPHABET, k=length)).encode())
    data = path.read_bytes()
    return [{"label": label.hex(), "cost": spell(data, label)} for label in sorted(found)]


def held_out(counts: np.ndarray, held: np.ndarray, shipped: np.ndarray) -> dict[str, dict[str, float]]:
    """Mean bits of held-out labels, their ends included: by the shipped costs, and
    by a row of their own for every two and every three symbols."""
    follows = ngrams.count(held)
    characters = int((held != ngrams.BOUNDARY).sum())
    found = {}
    for name, rows in {
        "shipped": shipped,
        "3-gram": codes.costs(ngrams.smooth(counts, 3)),
        "4-gram": codes.costs(ngrams.smooth(counts)),
    }.items():
        bits = float((follows * rows).sum()) / codes.UNIT
        found[name] = {
            "bits_per_character": round(bits / max(characters, 1), 4),
            "bits_per_label": round(bits / max(len(held), 1), 3),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prefixes", type=pathlib.Path, help="array from notunnel encode")
    parser.add_argument("unseen", type=pathlib.Path, help="the same, of SLDs that are not in it")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder of the model")
    parser.add_argument("--data", required=True, help="what the prefixes are, for the manifest")
    parser.add_argument("--suffix-list", required=True, help="version of the Public Suffix List that cut the prefixes, for the manifest")
    parser.add_argument("--seed", type=int, default=1, help="of the golden labels")
    args = parser.parse_args()

    rows, unseen = np.load(args.prefixes), np.load(args.unseen)
    taught, held = ngrams.labels(rows), ngrams.labels(unseen)
    counts = ngrams.count(taught)
    index, shared = build(counts)

    path = args.out / "surprisal.bin"
    export(index, shared, path)
    manifest = {
        "alphabet": ngrams.ALPHABET,
        "order": ngrams.BEFORE + 1,
        "layout": LAYOUT,
        "rows": len(shared),
        "unit": codes.UNIT,
        "suffix_list": args.suffix_list,
        "sha256": artifact.sha256(path),
        "training": {
            "data": args.data,
            "prefixes": len(rows),
            "labels": len(taught),
            "unseen": len(unseen),
            "unseen_labels": len(held),
            "rounds": ROUNDS,
            "held_out": held_out(counts, held, shared[index]),
        },
        "versions": artifact.versions("numpy"),
    }
    artifact.write_json(args.out / "surprisal.json", manifest)
    artifact.write_json(args.out / "golden" / "surprisal.json", golden(path, args.seed), indent=None)
    print(f"{path}: {manifest['training']}")


if __name__ == "__main__":
    main()
