"""Trains the random forest on window states and exports it.

Input: rows.csv.gz as "notunnel features" writes it, one row per window state at
a moment. Output, in --out: forest.onnx (float32 [N,features] -> label [N],
probabilities [N,2]), forest.json (manifest) and golden/forest.json (rows with
their probability by ONNX Runtime). The threshold is chosen on scores of forests
that were trained without the tool, family or SLD of what they judge (folds.py);
the forest that is exported learns from all.
"""

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from tqdm import tqdm

import folds
import forests
import rows as table

TREES = 100
MAX_DEPTH = 10
MAX_LEAVES = 300
LEAST_ROWS = 30  # in a leaf
FLOOR = {"events": 4, "information": 96}  # below which nothing is blocked: of the window, and bytes that the meter counts in a day
TAUGHT = {"events": 4, "information": 96}  # evidence from which on a tunnel teaches
MAX_THRESHOLD = 0.99
# Shares of benign sessions (of six names or more below one SLD) that may be
# flagged by forests that never saw their family or SLD, before secondary
# validation.
BLOCKED = {"ordinary": 0.002, "hard": 0.0125}


def classifier(trees: int, seed: int) -> RandomForestClassifier:
    """A random forest within what serving allows. Leaves of a few rows would
    learn the composer's families by heart; without them, less is missed of
    encodings that are left out."""
    return RandomForestClassifier(trees, max_depth=MAX_DEPTH, max_leaf_nodes=MAX_LEAVES, min_samples_leaf=LEAST_ROWS, random_state=seed, n_jobs=2)


def fit(rows: table.Rows, seed: int) -> RandomForestClassifier:
    """A tunnel teaches from some evidence on: before, it has not said enough to be
    told from a name."""
    rows = rows.pick((rows.label == 0) | enough(rows))
    forest = classifier(TREES, seed)
    return forest.fit(rows.x, rows.label, sample_weight=table.weights(rows))


def enough(rows: table.Rows) -> np.ndarray:
    return (rows.events >= TAUGHT["events"]) & (rows.information >= TAUGHT["information"])


def session_peaks(rows: table.Rows, scores: np.ndarray) -> np.ndarray:
    """Highest score of each session on enough evidence, 0 where there never was
    enough."""
    _, of = np.unique(np.char.add(rows.kind(), np.char.add("|", rows.session)), return_inverse=True)
    peaks = np.zeros(of.max(initial=-1) + 1)
    np.maximum.at(peaks, of, np.where(enough(rows), scores, 0))
    return peaks


def choose_threshold(rows: table.Rows, scores: np.ndarray, lowest: float) -> float:
    """Lowest threshold, in steps of 0.001, that flags at most BLOCKED of the
    benign sessions which the allow list does not cover, ordinary and hard ones
    each; kept between lowest and MAX_THRESHOLD."""
    peaks = {}
    for kind in BLOCKED:
        mine = (rows.label == 0) & ~rows.allowed & (np.isin(rows.tool, table.ORDINARY) == (kind == "ordinary"))
        peaks[kind] = session_peaks(rows.pick(mine), scores[mine])
    for step in range(round(lowest * 1000), round(MAX_THRESHOLD * 1000)):
        if all((p >= step / 1000).sum() <= BLOCKED[kind] * len(p) for kind, p in peaks.items()):
            return step / 1000
    return MAX_THRESHOLD


def report(title: str, rows: table.Rows, scores: np.ndarray, threshold: float) -> dict[str, int]:
    """Prints sessions and first flags by tool; returns the counts by class."""
    print(f"\n{title}, threshold {threshold}")
    print(f"{'class':<7} {'tool':<28} {'sessions':>8} {'flagged':>8} {'share':>7}  first flag at query: median, max")
    counts = {"tunnel_sessions": 0, "tunnel_flagged": 0, "benign_sessions": 0, "benign_flagged": 0}
    flagged = enough(rows) & (scores >= threshold)
    for kind in np.unique(rows.kind()):
        mine = rows.kind() == kind
        sessions = len(np.unique(rows.session[mine]))
        _, of = np.unique(rows.session[mine & flagged], return_inverse=True)
        first = np.full(of.max(initial=-1) + 1, np.iinfo(np.int64).max)
        np.minimum.at(first, of, rows.queries[mine & flagged])
        label, tool = kind.split("|", 1)
        name = "tunnel" if label == "1" else "benign"
        counts[f"{name}_sessions"] += sessions
        counts[f"{name}_flagged"] += len(first)
        when = f"{np.median(first):.0f}, {first.max()}" if len(first) else "-"
        print(f"{name:<7} {tool:<28} {sessions:>8} {len(first):>8} {len(first) / sessions:>7.1%}  {when}")
    return counts


def benign_ranges(rows: table.Rows) -> dict[str, dict[str, float]]:
    """Where each feature lies in benign windows on enough evidence, every session
    with the same weight."""
    benign = rows.pick((rows.label == 0) & enough(rows))
    return forests.ranges(benign.features, benign.x, table.weights(benign))


def main() -> None:
    parser = forests.arguments(__doc__, "rows.csv.gz from notunnel features")
    parser.add_argument("--min-threshold", type=float, default=0.5)
    args = parser.parse_args()

    rows = table.read(args.rows)
    rows = rows.pick(~np.isin(rows.tool, table.UNTAUGHT))
    fold = folds.Folds(rows).rows(rows)
    print(f"{len(rows.label)} rows, {rows.composed.mean():.0%} of them composed")
    scores = np.zeros(len(rows.label))
    for k in tqdm(range(folds.FOLDS), desc="forests, each without a fold"):
        rest, mine = rows.pick(fold != k), fold == k
        if len(np.unique(rest.label)) < 2:
            raise SystemExit(f"{args.rows}: without fold {k}, a class is missing")
        if mine.any():
            scores[mine] = fit(rest, args.seed).predict_proba(rows.x[mine])[:, 1]
    threshold = choose_threshold(rows, scores, args.min_threshold)
    counts = report("sessions of tools, families and SLDs left out", rows, scores, threshold)
    forest = fit(rows, args.seed)
    forests.save(args, "forest", forest, rows, {"threshold": threshold, "floor": FLOOR, "benign": benign_ranges(rows)}, counts)


if __name__ == "__main__":
    main()
