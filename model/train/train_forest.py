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
# Shares of benign sessions (of six queries or more below one SLD) that may be
# flagged by forests that never saw their family or SLD, before secondary
# validation; below a listed or popular SLD, of all of them.
BLOCKED = {"ordinary": 0.001, "hard": 0.01, "random": 0.1, "known": 0.0002}
# Least thresholds by standing. No tunnel that was tried uses an SLD that is listed, and
# a false block there hurts many.
LEAST = {"unknown": 0.5, "listed": 0.95, "popular": 0.97}
SEEDS = 3  # forests of so many seeds have to keep to a threshold
CHOOSING = 30  # trees of each of them


def classifier(trees: int, seed: int) -> RandomForestClassifier:
    """A random forest within what serving allows. Leaves of a few rows would
    learn the composer's families by heart; without them, less is missed of
    encodings that are left out."""
    return RandomForestClassifier(trees, max_depth=MAX_DEPTH, max_leaf_nodes=MAX_LEAVES, min_samples_leaf=LEAST_ROWS, random_state=seed, n_jobs=2)


def fit(rows: table.Rows, seed: int, trees: int = TREES) -> RandomForestClassifier:
    """The forest that the rows teach."""
    rows = teaching(rows)
    return classifier(trees, seed).fit(rows.x, rows.label, sample_weight=table.weights(rows))


def teaching(rows: table.Rows) -> table.Rows:
    """A tunnel teaches from some evidence on: before, it has not said enough to be
    told from a name. A benign session does from half of it on."""
    some = (rows.events >= TAUGHT["events"] - 1) & (rows.information >= TAUGHT["information"] / 2)
    return rows.pick(np.where(rows.label == 0, some, enough(rows)) & ~np.isin(rows.tool, table.UNTAUGHT))


def enough(rows: table.Rows) -> np.ndarray:
    return (rows.events >= TAUGHT["events"]) & (rows.information >= TAUGHT["information"])


def session_peaks(rows: table.Rows, scores: np.ndarray) -> np.ndarray:
    """Highest score of each session on enough evidence, 0 where there never was
    enough."""
    _, of = np.unique(np.char.add(rows.kind(), np.char.add("|", rows.session)), return_inverse=True)
    peaks = np.zeros(of.max(initial=-1) + 1)
    np.maximum.at(peaks, of, np.where(enough(rows), scores, 0))
    return peaks


def lowest(sessions: dict[str, table.Rows], scores: dict[str, np.ndarray], least: float) -> float:
    """Lowest threshold, in steps of 0.001, that flags at most BLOCKED of the sessions of
    each kind; kept between least and MAX_THRESHOLD."""
    peaks = {kind: session_peaks(rows, scores[kind]) for kind, rows in sessions.items()}
    for step in range(round(least * 1000), round(MAX_THRESHOLD * 1000)):
        if all((p >= step / 1000).sum() <= BLOCKED[kind] * len(p) for kind, p in peaks.items()):
            return step / 1000
    return MAX_THRESHOLD


def choose_thresholds(rows: table.Rows, runs: list[np.ndarray]) -> dict[str, float]:
    """The thresholds by standing that the scores of every run keep to, over benign
    sessions that the allow list does not cover."""
    benign = (rows.label == 0) & ~rows.allowed
    ordinary, untaught, random = (np.isin(rows.tool, tools) for tools in (table.ORDINARY, table.UNTAUGHT, table.RANDOM))
    unknown = rows.standing == "unknown"
    masks = {
        "unknown": {"ordinary": ordinary & unknown, "hard": ~ordinary & ~untaught & ~random & unknown, "random": random & unknown},
        "listed": {"known": ~(rows.tool == "flood") & (rows.standing == "listed")},
        "popular": {"known": ~(rows.tool == "flood") & (rows.standing == "popular")},
    }
    found = {}
    for standing, kinds in masks.items():
        sessions = {kind: rows.pick(benign & mask) for kind, mask in kinds.items()}
        least = max(LEAST[standing], found.get("unknown", 0))
        found[standing] = max(lowest(sessions, {kind: scores[benign & mask] for kind, mask in kinds.items()}, least) for scores in runs)
    return found


def by_standing(rows: table.Rows, thresholds: dict[str, float]) -> np.ndarray:
    """The threshold that holds for each row."""
    return np.array([thresholds[standing] for standing in rows.standing])


def report(title: str, rows: table.Rows, scores: np.ndarray, thresholds: dict[str, float]) -> dict[str, int]:
    """Prints sessions and first flags by tool; returns the counts by class."""
    print(f"\n{title}, thresholds {thresholds}")
    print(f"{'class':<7} {'tool':<28} {'sessions':>8} {'flagged':>8} {'share':>7}  first flag at query: median, max; information: median")
    counts = {"tunnel_sessions": 0, "tunnel_flagged": 0, "benign_sessions": 0, "benign_flagged": 0}
    flagged = enough(rows) & (scores >= by_standing(rows, thresholds))
    for kind in np.unique(rows.kind()):
        mine = rows.kind() == kind
        sessions = len(np.unique(rows.session[mine]))
        _, of = np.unique(rows.session[mine & flagged], return_inverse=True)
        first, said = (np.full(of.max(initial=-1) + 1, np.iinfo(np.int64).max) for _ in range(2))
        np.minimum.at(first, of, rows.queries[mine & flagged])
        np.minimum.at(said, of, rows.information[mine & flagged])
        label, tool = kind.split("|", 1)
        name = "tunnel" if label == "1" else "benign"
        counts[f"{name}_sessions"] += sessions
        counts[f"{name}_flagged"] += len(first)
        when = f"{np.median(first):.0f}, {first.max()}; {np.median(said):.0f}" if len(first) else "-"
        print(f"{name:<7} {tool:<28} {sessions:>8} {len(first):>8} {len(first) / sessions:>7.1%}  {when}")
    return counts


def benign_ranges(rows: table.Rows) -> dict[str, dict[str, float]]:
    """Where each feature lies in benign windows on enough evidence, every session
    with the same weight."""
    benign = rows.pick((rows.label == 0) & enough(rows))
    return forests.ranges(benign.features, benign.x, table.weights(benign))


def main() -> None:
    parser = forests.arguments(__doc__, "rows.csv.gz from notunnel features")
    args = parser.parse_args()

    rows = table.read(args.rows)
    fold = folds.Folds(rows).rows(rows)
    print(f"{len(rows.label)} rows, {rows.composed.mean():.0%} of them composed")
    runs = np.zeros((SEEDS, len(rows.label)))
    for k in tqdm(range(folds.FOLDS), desc=f"{SEEDS} forests, each without a fold"):
        rest, mine = rows.pick(fold != k), fold == k
        if len(np.unique(teaching(rest).label)) < 2:
            raise SystemExit(f"{args.rows}: without fold {k}, a class is missing")
        for run in range(SEEDS if mine.any() else 0):
            runs[run, mine] = fit(rest, args.seed + run, CHOOSING).predict_proba(rows.x[mine])[:, 1]
    thresholds = choose_thresholds(rows, runs)
    counts = report("sessions of tools, families and SLDs left out", rows, runs[0], thresholds)
    forest = fit(rows, args.seed)
    forests.save(args, "forest", forest, rows, {"thresholds": thresholds, "floor": FLOOR, "benign": benign_ranges(rows)}, counts)


if __name__ == "__main__":
    main()
