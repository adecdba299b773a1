"""Who judges whom: every tool, family and SLD is judged by a forest that never
saw it.

Recorded tools, composed encodings and benign families are each dealt into folds
in the order of their names, and a forest is trained without its fold's. A tool
that is left out is so with its recordings from every source; composed tunnels of
the encoding that it happens to use stay in, unless they are of the same fold. So
do the kin of an encoding that is left out, as base32hex is of base32.
Ordinary names are dealt by SLD instead: a forest is trained on other SLDs.
Popular SLDs and floods are in no training at all.
"""

import hashlib
import pathlib

import numpy as np

import rows as table

FOLDS = 6
BY_SLD = ("names", "popular", "mixed", "indexed", "client")
# Versions of one protocol leave together.
RELATED = {"andiodine": "iodine"}


def deal(kinds: list[str]) -> dict[str, int]:
    """The fold of each kind (label|tool), but for those dealt by SLD."""
    groups = {"encoding": [], "tool": [], "family": []}
    for label, tool in sorted({(k.split("|", 1)[0], RELATED.get(k.split("|", 1)[1], k.split("|", 1)[1])) for k in kinds}):
        groups["family" if label == "0" else "encoding" if tool.startswith("tunnel-") else "tool"].append(f"{label}|{tool}")
    found = {kind: i % FOLDS for group in groups.values() for i, kind in enumerate(group)}
    return found | {k: found[f"{k.split('|', 1)[0]}|{RELATED[k.split('|', 1)[1]]}"] for k in kinds if k.split("|", 1)[1] in RELATED}


class Folds:
    """Who is in which fold, as dealt over the kinds of the rows."""

    def __init__(self, rows: table.Rows):
        self.dealt = deal(list(np.unique(rows.kind())))

    def of(self, kind: str, sld: str) -> int:
        """The fold of a session: of its SLD where the family is one of many
        SLDs, else of its tool or family."""
        if kind.split("|", 1)[1] in BY_SLD:
            return int.from_bytes(hashlib.sha256(sld.encode()).digest()[:4], "big") % FOLDS
        return self.dealt.get(kind, 0)

    def rows(self, rows: table.Rows) -> np.ndarray:
        """The fold of each row."""
        pairs = np.char.add(np.char.add(rows.kind(), "\n"), rows.group)
        unique, of = np.unique(pairs, return_inverse=True)
        found = [self.of(kind, group.split("|", 1)[1]) for kind, group in (p.split("\n") for p in unique)]
        return np.array(found)[of]

    def files(self, rows: table.Rows, files: list[pathlib.Path], fold: int) -> list[pathlib.Path]:
        """The files that hold sessions of the fold; those that gave no row hold
        sessions of any."""
        mine, known = set(rows.file[self.rows(rows) == fold]), set(rows.file)
        return [f for f in files if f.name in mine or f.name not in known]
