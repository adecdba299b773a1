"""Rows of window states, as "notunnel features" writes them."""

import csv
import dataclasses
import gzip
import pathlib

import numpy as np

COLUMNS = "label tool source sld file session composed allowed standing queries events information".split()


@dataclasses.dataclass
class Rows:
    """One row is one window state at a moment; session groups the moments."""

    features: list[str]
    x: np.ndarray  # float32 [N, len(features)], as Go has them
    label: np.ndarray  # 1 = tunnel
    tool: np.ndarray  # tool, or benign family
    group: np.ndarray  # source|sld
    file: np.ndarray  # base name of the log
    session: np.ndarray
    composed: np.ndarray  # True where traffic was put together, not recorded
    allowed: np.ndarray  # True where the shipped allow list covers the name
    standing: np.ndarray  # of the SLD: unknown, listed or popular
    queries: np.ndarray
    events: np.ndarray
    information: np.ndarray

    def pick(self, mask: np.ndarray) -> "Rows":
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return Rows(**{k: v if k == "features" else v[mask] for k, v in values.items()})

    def kind(self) -> np.ndarray:
        """Label and tool as one key."""
        return np.char.add(self.label.astype(str), np.char.add("|", self.tool))


def table(path: pathlib.Path, columns: list[str]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Reads a .csv.gz that begins with the columns: names of the features that
    follow, the columns as texts [columns, N], the features as float32 [N, features].
    A wrong header or number stops with its line."""
    with gzip.open(path, "rt", newline="") as file:
        lines = csv.reader(file)
        header = next(lines)
        if header[: len(columns)] != columns:
            raise SystemExit(f"{path}:1: the columns must begin with {','.join(columns)}")
        texts, x = [], []
        for line, row in enumerate(lines, 2):
            try:
                values = [float(v) for v in row[len(columns) :]]
            except ValueError as e:
                raise SystemExit(f"{path}:{line}: {e}") from None
            if len(row) != len(header) or not np.isfinite(values).all():
                raise SystemExit(f"{path}:{line}: {len(header)} columns and finite numbers wanted")
            texts.append(row[: len(columns)])
            x.append(values)
    return header[len(columns) :], np.array(texts).T, np.array(x, dtype=np.float32)


def read(path: pathlib.Path) -> Rows:
    """Reads rows.csv.gz."""
    features, texts, x = table(path, COLUMNS)
    label, tool, source, sld, file, session, composed, allowed, standing, *counts = texts
    queries, events, information = np.array(counts).astype(int)
    group = np.char.add(np.char.add(source, "|"), sld)
    return Rows(features, x, label.astype(int), tool, group, file, session, composed == "1", allowed == "1", standing, queries, events, information)


# Tested, never trained on. A flood of random names is an attack of its own;
# what it looks like must not become what is harmless.
UNTAUGHT = ("popular", "flood")
ORDINARY = ("names", "mixed", "client", "office", "crawl", "resolver", "ordinary")  # benign families that are no hard ones
ORDINARY_SHARE = 0.5  # of the benign votes
LISTED = 0.2  # of a vote for sessions that the shipped allow list covers, which are never judged
# Benign families whose names are hashes or random labels, each a new one: by what they
# look like they are data. At a full vote they would have pieces of hexadecimal pass.
RANDOM = ("hash-telemetry", "hash-lookup", "hbl", "openpgpkey", "signatures", "ad-frame", "uribl-hash", "ipfs", "sandbox-origins")
RANDOM_VOTE = 0.15
LITTLE = 96  # bytes of information, the least that a block rests on
BENIGN = 4  # votes of the benign class for one of the tunnels: a false block costs more than a late one


def weights(rows: Rows) -> np.ndarray:
    """Sample weights: the rows of a session share one vote, the sessions of a
    tool one, the tools of a class one; ordinary benign families then get half
    of the benign votes, and the benign class its share of all. A tunnel's rows
    weigh more the more it has said: what is found late must be found at last."""
    votes = np.ones(len(rows.label))
    for key in (np.char.add(rows.kind(), np.char.add("|", rows.session)), rows.kind(), rows.label):
        _, of = np.unique(key, return_inverse=True)
        votes /= np.bincount(of, weights=votes)[of]
    votes[rows.allowed] *= LISTED
    votes[np.isin(rows.tool, RANDOM)] *= RANDOM_VOTE
    tunnel = rows.label == 1
    votes[tunnel] *= np.clip(np.log2(rows.information[tunnel] / LITTLE) + 0.5, 0.5, 3)
    votes[tunnel] /= max(votes[tunnel].sum(), 1e-9)
    benign = rows.label == 0
    ordinary = benign & np.isin(rows.tool, ORDINARY)
    for part, share in ((ordinary, ORDINARY_SHARE), (benign & ~ordinary, 1 - ORDINARY_SHARE)):
        if part.any():
            votes[part] *= share * BENIGN / votes[part].sum()
    # Rounded, so that the last bit of a sum, which machines do not agree on, makes no
    # other forest.
    return np.round(votes * len(votes) / votes.sum(), 6)
