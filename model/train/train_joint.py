"""Trains the small forest that judges a client over all its unknown SLDs.

Input: joint.csv.gz as "notunnel features --joint" writes it, one row per state of a
client at a moment. Output, in --out: joint.onnx, joint.json and golden/joint.json,
as train_forest.py has them. A client whose window rests on a single SLD of a tunnel
teaches nothing: that is for the forest of pairs. The threshold is chosen on scores of
forests that saw neither the tool of a tunnel nor the client.
"""

import pathlib

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from tqdm import tqdm

import folds
import forests
import rows as table

COLUMNS = "label tool source file session composed tunnels slds events information up down".split()
TREES = 40
MAX_DEPTH = 10
MAX_LEAVES = 150
LEAST_ROWS = 20  # in a leaf
FEATURES = 2  # looked at for a split: fewer than usual, which finds more of tools that are left out
FLOOR = {"slds": 2, "events": 6, "information": 48}  # below which nothing is flagged
BENIGN = 4  # votes of the benign class for one of the tunnels
# Shares of benign clients that may be flagged by forests that never saw them: of those
# that have several services of one hard family at once, and of all others, with headroom
# above the threshold that this gives, as other networks have other clients.
HARD = "benign-clients-services"
FLAGGED = {"hard": 1 / 100, "others": 1 / 2000}
HEADROOM = {"hard": 0, "others": 0.05}
MAX_THRESHOLD = 0.99


class Rows:
    """Rows on enough evidence, in columns."""

    def __init__(self, path: pathlib.Path):
        self.features, texts, x = table.table(path, COLUMNS)
        named = dict(zip(COLUMNS, texts))
        numbers = {name: named[name].astype(int) for name in "label session composed tunnels slds events information up down".split()}
        self.clients = len(np.unique(numbers["session"][np.isin(numbers["session"], numbers["session"][numbers["tunnels"] > 0], invert=True)]))
        keep = (numbers["tunnels"] != 1) & np.logical_and.reduce([numbers[name] >= least for name, least in FLOOR.items()])
        self.x = x[keep]
        for name, values in numbers.items():
            setattr(self, name, values[keep])
        self.file = named["file"][keep]
        stem = np.array([name.split(".")[0] for name in self.file])
        self.family = np.where(self.label == 1, named["tool"][keep], stem)
        # what a tunnel's client asks for before is ordinary
        self.family[(self.label == 0) & np.char.startswith(stem, "tunnel-")] = "before a tunnel"

    def fold(self) -> np.ndarray:
        """The fold of each row: of a tunnel's tool, else of the client."""
        tools = {tool: i for i, tool in enumerate(np.unique(self.family[self.label == 1]))}
        return np.array([tools[f] if label else s for label, f, s in zip(self.label, self.family, self.session)]) % folds.FOLDS

    def weights(self) -> np.ndarray:
        """The rows of a client share one vote, the clients of a family one, the
        families of a class one, and the benign class has a few."""
        votes = np.ones(len(self.label))
        kind = np.char.add(self.label.astype(str), self.family)
        for key in (np.char.add(kind, self.session.astype(str)), kind, self.label):
            _, of = np.unique(key, return_inverse=True)
            votes /= np.bincount(of, weights=votes)[of]
        votes[self.label == 0] *= BENIGN
        return votes * len(votes) / votes.sum()


def fit(rows: Rows, mine: np.ndarray, seed: int) -> RandomForestClassifier:
    forest = RandomForestClassifier(TREES, max_depth=MAX_DEPTH, max_leaf_nodes=MAX_LEAVES, min_samples_leaf=LEAST_ROWS, max_features=FEATURES, random_state=seed, n_jobs=2)
    return forest.fit(rows.x[mine], rows.label[mine], sample_weight=rows.weights()[mine])


def choose_threshold(rows: Rows, scores: np.ndarray) -> float:
    """The lowest threshold, in steps of 0.001, that flags at most FLAGGED of the
    benign clients that reach the floor, with headroom."""
    found = 0.5
    for kind, share in FLAGGED.items():
        mine = (rows.label == 0) & ((rows.family == HARD) == (kind == "hard"))
        if not mine.any():
            continue
        _, of = np.unique(rows.session[mine], return_inverse=True)
        peaks = np.zeros(of.max() + 1)
        np.maximum.at(peaks, of, scores[mine])
        found = max(found, np.sort(peaks)[-1 - int(share * len(peaks))] + 0.001 + HEADROOM[kind])
    return float(min(np.ceil(found * 1000) / 1000, MAX_THRESHOLD))


def report(rows: Rows, scores: np.ndarray, threshold: float) -> dict[str, int]:
    """Prints clients and first flags by family; returns the counts by class."""
    print(f"\ntools and clients left out, threshold {threshold}; of {rows.clients} benign clients the others are below the floor")
    print(f"{'class':<7} {'family':<28} {'clients':>8} {'flagged':>8} {'share':>7}  information before the flag, median: up, down")
    counts = {"tunnel_clients": 0, "tunnel_flagged": 0, "benign_clients": rows.clients, "benign_flagged": 0}
    for label in (1, 0):
        name = ("benign", "tunnel")[label]
        for family in np.unique(rows.family[rows.label == label]):
            mine = (rows.label == label) & (rows.family == family)
            clients = len(np.unique(rows.session[mine]))
            flagged, first = np.unique(rows.session[mine & (scores >= threshold)], return_index=True)
            up, down = (v[mine & (scores >= threshold)][first] for v in (rows.up, rows.down))
            counts[f"{name}_flagged"] += len(flagged)
            if label:
                counts["tunnel_clients"] += clients
            leak = f"{np.median(up):.0f}, {np.median(down):.0f}" if label and len(first) else "-"
            print(f"{name:<7} {family:<28} {clients:>8} {len(flagged):>8} {len(flagged) / clients:>7.1%}  {leak}")
    return counts


def main() -> None:
    args = forests.arguments(__doc__, "joint.csv.gz from notunnel features --joint").parse_args()
    rows = Rows(args.rows)
    if len(np.unique(rows.label)) < 2:
        raise SystemExit(f"{args.rows}: a class is missing")
    fold, scores = rows.fold(), np.zeros(len(rows.label))
    for k in tqdm(range(folds.FOLDS), desc="forests, each without a fold"):
        if (fold == k).any():
            scores[fold == k] = fit(rows, fold != k, args.seed).predict_proba(rows.x[fold == k])[:, 1]
    threshold = choose_threshold(rows, scores)
    counts = report(rows, scores, threshold)
    benign = rows.label == 0
    ranges = forests.ranges(rows.features, rows.x[benign], rows.weights()[benign])
    forest = fit(rows, np.full(len(fold), True), args.seed)
    thresholds = {"unknown": threshold, "listed": 1, "popular": 1}  # the SLDs of a joint window are unknown
    forests.save(args, "joint", forest, rows, {"thresholds": thresholds, "floor": FLOOR, "benign": ranges}, counts)


if __name__ == "__main__":
    main()
