"""Measures the models and writes EVALUATION.md with its plots.

Every session is judged by a forest that never saw its tool, its benign family
or, for ordinary names, its SLD (folds.py); the engine that serves does the
judging ("notunnel eval"). Composed tunnels are judged by the shipped models too,
which know the encodings and no SLD or client of these sessions, and so are
tunnels in the formats of named tools. Only the comparison of models runs on
rows.
"""

import argparse
import dataclasses
import json
import pathlib
import shutil

import numpy as np
import onnx
from sklearn.metrics import average_precision_score, roc_auc_score
from tabulate import tabulate
from tqdm import tqdm

import artifact
import compare
import folds
import forests
import plots
import rows as table
import sessions as judged
import train_forest
from sessions import WORDS, blocked, by, ordinary, quantiles, share, wilson

THRESHOLDS = (0.65, 0.9)
BALANCE = 0.42  # share of tunnel queries in the published data
RATIO = 100  # benign SLDs for one of a tunnel
FEW = 30  # queries from which a recorded session must be flagged
CAUGHT = {"active": 0.99, "idle": 0.95, "slow": 0.95}  # least share of an encoding's sessions
NAMES = 8  # distinct prefixes from which an SLD counts for false blocks


def md(rows: list[list], headers: list[str]) -> str:
    return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True) + "\n"


def recorded_tunnels(all_sessions: list[dict]) -> str:
    found = []
    rows = [s for s in all_sessions if s["tunnel"] and not s["composed"]]
    for (tool, source), group in by(rows, "tool", "source").items():
        long = [s for s in group if s["queries"] >= FEW]
        caught = [s for s in long if blocked(s)]
        found.append([tool, source, len(group), len(long), len(caught), quantiles([s["leaked_queries"] for s in caught]), quantiles([s["leaked_bytes"] for s in caught])])
    long = [s for s in rows if s["queries"] >= FEW]
    caught = [s for s in long if blocked(s)]
    found.append(["all", "", len(rows), len(long), f"{len(caught)}: {share(len(caught), len(long))} %", quantiles([s["leaked_queries"] for s in caught]), quantiles([s["leaked_bytes"] for s in caught])])
    out = md(found, ["tool", "source", "sessions", f"of ≥ {FEW} queries", "flagged", "leaked queries", "leaked bytes"])
    late = [s for s in rows if not blocked(s)]
    if late:
        out += "\nNot flagged: " + "; ".join(f"{s['file']} {s['sld']} ({s['queries']} queries, highest score {s['score']:.3f})" for s in late) + ".\n"
    return out


def recorded_scenarios(all_sessions: list[dict]) -> str:
    rows = [s for s in all_sessions if s["tunnel"] and not s["composed"] and s["scenario"] != "-"]
    found = []
    for (tool, scenario), group in by(rows, "tool", "scenario").items():
        caught = [s for s in group if blocked(s)]
        found.append([tool, scenario, len(group), len(caught), quantiles([s["leaked_queries"] for s in caught]), quantiles([s["leaked_bytes"] for s in caught])])
    return md(found, ["tool", "scenario", "sessions", "flagged", "leaked queries", "leaked bytes"])


def composed_tunnels(all_sessions: list[dict]) -> str:
    found = []
    rows = [s for s in all_sessions if s["tunnel"] and s["composed"]]
    groups = by(rows, "tool", "scenario")
    groups |= {("all but words", scenario[0]): group for scenario, group in by([s for s in rows if not s["tool"].startswith(WORDS)], "scenario").items()}
    for (tool, scenario), group in groups.items():
        caught = [s for s in group if blocked(s)]
        found.append([tool.removeprefix("tunnel-"), scenario, len(group), share(len(caught), len(group)), quantiles([s["leaked_queries"] for s in caught]), quantiles([s["leaked_bytes"] for s in caught])])
    return md(found, ["encoding", "rhythm", "sessions", "flagged, %", "leaked queries", "leaked bytes"])


def kind_of(session: dict) -> str:
    """What a composed tunnel does: download, rotation, beacon, words, upload, or both
    ways in some encoding."""
    if not session["composed"]:
        return "recorded"
    kind = session["tool"].removeprefix("tunnel-").split("-")[0]
    return kind if kind in ("download", "rotation", "beacon", "words", "upload") else "both ways"


def kinds(all_sessions: list[dict]) -> str:
    found = []
    for title, group in kinds_of(all_sessions).items():
        caught = [s for s in group if blocked(s)]
        found.append([title, len(group), share(len(caught), len(group)), *(quantiles([s[what] for s in caught]) for what in ("leaked_queries", "up_bytes", "down_bytes"))])
    return md(found, ["kind", "sessions", "flagged, %", "queries before", "information up before, bytes", "down"])


def kinds_of(all_sessions: list[dict]) -> dict[str, list[dict]]:
    found = {}
    for s in all_sessions:
        if s["tunnel"]:
            found.setdefault(kind_of(s), []).append(s)
    return dict(sorted(found.items()))


def standings(all_sessions: list[dict]) -> str:
    """Ordinary and hard benign sessions by what is known of their SLD."""
    found = []
    for (standing,), group in by([s for s in all_sessions if not s["tunnel"] and s["tool"] != "flood"], "standing").items():
        usual, hard = [s for s in group if ordinary(s)], [s for s in group if not ordinary(s)]
        found.append([standing, len(usual), share(sum(map(blocked, usual)), len(usual)), len(hard), share(sum(map(blocked, hard)), len(hard))])
    return md(found, ["SLD", "ordinary sessions", "blocked, %", "hard ones", "blocked, %"])


def administrator(here: list[dict], shipped: list[dict], named: list[dict], thresholds: dict[str, float]) -> str:
    """Ten lines for who has to decide whether to turn it on."""
    usual = [s for s in here if ordinary(s) and s["prefixes"] >= NAMES]
    hard = [s for s in here if not s["tunnel"] and not ordinary(s) and s["tool"] != "flood"]
    office = [s for s in here if not s["tunnel"] and not s["composed"]]
    recorded = [s for s in here if s["tunnel"] and not s["composed"] and s["queries"] >= FEW]
    caught = [s for s in recorded if blocked(s)]

    def rate(of: list[dict]) -> str:
        return f"{1e4 * sum(map(blocked, of)) / max(len(of), 1):.1f} in 10,000"

    lines = [
        f"Ordinary traffic, nearly all of it composed over real host names, domains left out: of pairs of client and domain with {NAMES} names and more {sum(map(blocked, usual))} of {len(usual):,} are blocked that should not be, {rate(usual)}.",
        f"Recorded networks alone: {sum(map(blocked, office))} of {len(office):,} pairs.",
        f"Services that look like tunnels, each family left out: {share(sum(map(blocked, hard)), len(hard))} % of {len(hard):,} composed sessions; the [worst]({APPENDIX}#hard-benign-families-each-left-out) are random labels below domains that are on no list.",
        f"Recorded tunnels of {FEW} queries and more, each tool left out: {len(caught)} of {len(recorded)} are cut, after {quantiles([s['leaked_queries'] for s in caught])} queries (median, 95th percentile, worst).",
        f"Until then {quantiles([s['up_bytes'] for s in caught])} bytes of information went out and {quantiles([s['down_bytes'] for s in caught])} came in.",
    ]
    for title, of in (("left out", here), ("known", shipped)):
        parts = [f"{kind} {100 * sum(map(blocked, g)) / len(g):.0f} %" for kind, g in kinds_of(of).items() if kind != "recorded"]
        lines.append(f"Composed tunnels that are cut, encodings {title}: {', '.join(parts)}.")
    lines += [
        f"Formats of named tools, in no training: {share(sum(map(blocked, named)), len(named))} % are cut.",
        f"Scores that flag: {', '.join(f'{v} below {k} domains' for k, v in thresholds.items())}.",
        "What the models miss the [budget](BUDGETS.md) bounds: by default 256 KiB out and 64 KiB in, a day, client and unknown domain; try `mode monitor` and turn it down.",
    ]
    return "\n".join(f"{i}. {line}" for i, line in enumerate(lines, 1))


def joint(manifest: dict) -> str:
    """What its trainer found of the joint forest."""
    n = manifest["training"]["held_out"]
    return f"Left out itself, tools and clients, it finds {n['tunnel_flagged']:,} of {n['tunnel_clients']:,} clients that rotate and flags {n['benign_flagged']:,} of {n['benign_clients']:,} benign ones."


APPENDIX = "evaluation/TABLES.md"


def formats(all_sessions: list[dict]) -> str:
    found = []
    groups = by(all_sessions, "tool") | {("all",): all_sessions}
    for (tool,), group in groups.items():
        caught = [s for s in group if blocked(s)]
        found.append([tool.removeprefix("format-"), len(group), share(len(caught), len(group)), quantiles([s["leaked_queries"] for s in caught]), quantiles([s["leaked_bytes"] for s in caught])])
    return md(found, ["format of", "sessions", "flagged, %", "leaked queries", "leaked bytes"])


def benign_families(all_sessions: list[dict]) -> str:
    found = []
    rows = [s for s in all_sessions if not s["tunnel"] and not ordinary(s)]
    for (tool,), group in by(rows, "tool").items():
        hit, bare = sum(blocked(s) for s in group), sum(blocked(s, listed=False) for s in group)
        found.append([tool, len(group), sum(s["allowed"] for s in group), share(hit, len(group)), share(bare, len(group))])
    hit, bare = sum(map(blocked, rows)), sum(blocked(s, listed=False) for s in rows)
    found.append(["all", len(rows), sum(s["allowed"] for s in rows), share(hit, len(rows)), share(bare, len(rows))])
    return md(found, ["family", "sessions", "listed", "blocked, %", "blocked without the list, %"])


def ordinary_traffic(all_sessions: list[dict]) -> str:
    found = []
    rows = [s for s in all_sessions if ordinary(s)]
    groups = by(rows, "tool")
    groups[("all",)] = rows
    for (tool,), group in groups.items():
        queries = sum(s["queries"] for s in group)
        many = [s for s in group if s["prefixes"] >= NAMES]
        hit = sum(map(blocked, many))
        slds = {s["sld"] for s in many}
        bad = {s["sld"] for s in many if blocked(s)}
        low, high = wilson(hit, len(many))
        found.append([tool, len(group), queries, len(many), len(slds), f"{hit}: {1e4 * hit / max(len(many), 1):.1f} ({1e4 * low:.1f}–{1e4 * high:.1f})", f"{len(bad)}", f"{1e6 * sum(map(blocked, group)) / max(queries, 1):.1f}"])
    return md(found, ["family", "sessions", "queries", f"with ≥ {NAMES} names", "their SLDs", "blocked, and per 10,000 such sessions", "SLDs blocked", "blocks per million queries"])


def list_false_blocks(all_sessions: list[dict]) -> str:
    groups = by([s for s in all_sessions if not s["tunnel"] and blocked(s) and s["tool"] in folds.BY_SLD + ("office", "crawl", "resolver")], "tool", "sld")
    found = [[tool, sld, len(group), f"{max(s['score'] for s in group):.2f}", quantiles([s["leaked_queries"] for s in group])] for (tool, sld), group in groups.items()]
    found.sort(key=lambda row: (-row[2], row[1]))
    return md(found[:40], ["family", "SLD", "sessions", "highest score", "queries before"]) + (f"\n… and {len(found) - 40} more.\n" if len(found) > 40 else "")


@dataclasses.dataclass
class Rates:
    """Shares of a set of tunnel sessions against all ordinary ones, in the
    published form: RATIO benign SLDs for one of a tunnel, BALANCE of the queries
    a tunnel's."""

    tunnel: list[dict]
    benign: list[dict]

    def sld(self) -> tuple[float, float, float]:
        """Precision, recall and F1 in percent."""
        hits = sum(map(blocked, self.benign))
        return self._sld(hits / len(self.benign))

    def sld_interval(self) -> tuple[float, float]:
        """Where the precision lies, by the interval of the false blocks."""
        low, high = wilson(sum(map(blocked, self.benign)), len(self.benign))
        return self._sld(high)[0], self._sld(low)[0]

    def _sld(self, false: float) -> tuple[float, float, float]:
        recall = sum(map(blocked, self.tunnel)) / len(self.tunnel)
        return percent(recall / max(recall + RATIO * false, 1e-12), recall)

    def query(self, inline: bool) -> tuple[float, float, float, float]:
        """Accuracy, precision, recall and F1 in percent: each query takes its
        session's final verdict, or inline the one when it was asked."""

        def share_cut(of: list[dict]) -> float:
            return sum(s["queries"] - inline * s["leaked_queries"] for s in of if blocked(s)) / sum(s["queries"] for s in of)

        tp, fp = share_cut(self.tunnel), share_cut(self.benign)
        return 100 * (BALANCE * tp + (1 - BALANCE) * (1 - fp)), *percent(BALANCE * tp / max(BALANCE * tp + (1 - BALANCE) * fp, 1e-12), tp)


def percent(precision: float, recall: float) -> tuple[float, float, float]:
    return 100 * precision, 100 * recall, 200 * precision * recall / max(precision + recall, 1e-12)


def published_rates(here: list[dict], shipped: list[dict]) -> dict[str, Rates]:
    """Tunnels left out and known encodings, with and without words; the benign
    sessions are always those whose SLDs were left out."""
    benign = [s for s in here if ordinary(s)]
    found = {}
    for title, of in (("left out", here), ("known", shipped)):
        tunnel = [s for s in of if s["tunnel"]]
        found[title] = Rates(tunnel, benign)
        found[f"{title}, no words"] = Rates([s for s in tunnel if not s["tool"].startswith(WORDS)], benign)
    return found


def published_form(rates: dict[str, Rates]) -> str:
    found = [["SLD level", "published", "–", "94.97", "98.69", "96.79"]]
    for title, r in rates.items():
        precision, _, f1 = r.sld()
        low, high = r.sld_interval()
        found.append(["SLD level", title, "–", f"{precision:.2f} ({low:.2f}–{high:.2f})", share(sum(map(blocked, r.tunnel)), len(r.tunnel)), f"{f1:.2f}"])
    found.append(["query level, retrospective", "published", "99.76", "99.92", "99.51", "99.71"])
    for level, inline in (("query level, retrospective", False), ("query level, inline", True)):
        found += [[level, title, *(f"{v:.2f}" for v in r.query(inline))] for title, r in rates.items()]
    note = "\nn:"
    for title in ("left out", "known"):
        tunnel = rates[title].tunnel
        note += f" Tunnels {title}: {len(tunnel)} sessions, {sum(s['composed'] for s in tunnel)} of them composed."
    benign = rates["known"].benign
    note += f" Benign: {len(benign)} ordinary sessions, their SLDs left out, {sum(s['composed'] for s in benign)} composed over real names. Precision at the SLD level is worked out for {RATIO} benign SLDs to one of a tunnel, at the query level for {100 * BALANCE:.0f} % tunnel queries.\n"
    return md(found, ["", "tunnels", "accuracy", "precision", "recall", "F1"]) + note


def comparison(test: table.Rows, peaks: dict[str, np.ndarray]) -> tuple[str, str]:
    """The table, and what it says of the novel features."""
    first = compare.firsts(test)
    benign = (first.label == 0) & ~first.allowed
    tunnel = (first.label == 1) & ~np.char.startswith(first.tool, WORDS)
    found, least = [], {}
    for name, scores in peaks.items():
        line = [name]
        for fpr in (0.001, 0.01):
            threshold = np.sort(scores[benign])[::-1][int(fpr * benign.sum())]
            hits = int((scores[tunnel] > threshold).sum())
            least.setdefault(name, wilson(hits, int(tunnel.sum())))
            line.append(share(hits, int(tunnel.sum())))
        both = benign | tunnel
        line += [f"{roc_auc_score(first.label[both], scores[both]):.4f}", f"{average_precision_score(first.label[both], scores[both]):.4f}"]
        found.append(line)
    note = f"\nn: {tunnel.sum()} tunnel sessions without word lists, {benign.sum()} benign sessions that the list does not cover; {compare.TREES} trees a forest.\n"
    with_both, with_neither = least["forest"], least["forest without both"]
    novel = "met" if with_both[0] > with_neither[1] else "missed"
    novel += ": at 0.1 % of benign sessions flagged, " + " % against ".join(f"{100 * low:.1f}–{100 * high:.1f}" for low, high in (with_both, with_neither)) + " %"
    return md(found, ["model", "recall at 0.1 % of benign sessions flagged", "at 1 %", "AUC", "average precision"]) + note, novel


def threshold_curve(runs: dict[float, list[dict]]) -> tuple[str, list[dict]]:
    found, points = [], []
    for threshold, run in sorted(runs.items()):
        active = [s for s in run if s["tunnel"] and s["composed"] and not s["tool"].startswith(WORDS)]
        words = [s for s in run if s["tool"].startswith(WORDS)]
        usual = [s for s in run if ordinary(s)]
        caught = [s for s in active if blocked(s)]
        point = {"threshold": threshold, "caught": len(caught) / len(active), "words": sum(map(blocked, words)) / len(words), "false": sum(map(blocked, usual)) / len(usual)}
        points.append(point)
        found.append([threshold, share(len(caught), len(active)), share(sum(map(blocked, words)), len(words)), f"{1e4 * point['false']:.1f}", quantiles([s["leaked_queries"] for s in caught])])
    return md(found, ["threshold", "composed tunnels flagged, %", "word lists, %", "ordinary sessions blocked, per 10,000", "leaked queries"]), points


def bars(all_sessions: list[dict], shipped: list[dict], rates: dict[str, Rates], novel: str, models: pathlib.Path) -> str:
    """The bars that were set beforehand, and what was reached."""
    tunnel = [s for s in all_sessions if s["tunnel"]]
    recorded = [s for s in tunnel if not s["composed"] and s["queries"] >= FEW]
    worst = {}
    for title, of in (("left out", tunnel), ("known", shipped)):
        for (scenario,), group in by([s for s in of if s["composed"] and not s["tool"].startswith(WORDS)], "scenario").items():
            found = sorted((sum(map(blocked, g)) / len(g), tool[0].removeprefix("tunnel-")) for tool, g in by(group, "tool").items())
            under = ", ".join(f"{name} {100 * caught:.1f} %" for caught, name in found if caught < CAUGHT[scenario])
            worst[title, scenario] = f"under it: {under}" if under else f"met; least {found[0][1]}, {100 * found[0][0]:.1f} %"
    leaks = "; ".join(
        f"{title} {quantiles([s['leaked_queries'] for s in of])}, bytes {quantiles([s['leaked_bytes'] for s in of])}"
        for title, of in (
            ("composed, left out", [s for s in tunnel if blocked(s) and s["composed"] and s["scenario"] == "active"]),
            ("known", [s for s in shipped if blocked(s) and s["scenario"] == "active"]),
            ("recorded", [s for s in recorded if blocked(s) and s["scenario"] not in ("idle", "idle5m", "slow", "drip")]),
        )
    )
    many = [s for s in all_sessions if ordinary(s) and s["prefixes"] >= NAMES]
    hit = sum(map(blocked, many))
    hard = {tool[0]: sum(map(blocked, g)) / len(g) for tool, g in by([s for s in all_sessions if not s["tunnel"] and not ordinary(s)], "tool").items()}
    over = sorted(((v, k) for k, v in hard.items() if v > 0.01), reverse=True)
    forest = {a.name: a for a in onnx.load(models / "forest.onnx").graph.node[0].attribute}
    size = sum((models / name).stat().st_size for name in ("autoencoder.onnx", "forest.onnx"))
    rows = [
        [f"every recorded session of ≥ {FEW} queries flagged", f"{sum(map(blocked, recorded))} of {len(recorded)}"],
        *[[f"composed, {scenario}: ≥ {100 * CAUGHT[scenario]:.0f} % of each encoding, {title} (word lists apart)", reached] for (title, scenario), reached in worst.items()],
        [f"SLD precision, recall and F1 ≥ 99 % at {RATIO}:1", "; ".join(title + " " + ", ".join(f"{v:.1f}" for v in r.sld()) for title, r in rates.items())],
        ["retrospective query F1 ≥ 99.8 % at the published balance", "; ".join(f"{title} {r.query(False)[-1]:.1f}" for title, r in rates.items())],
        [f"≤ 1 blocked per 10,000, over ≥ 30,000 with ≥ {NAMES} names", f"{1e4 * hit / len(many):.1f} per 10,000 ({hit} of {len(many)} sessions)"],
        ["each hard family left out: ≤ 1 % blocked", "over it: " + (", ".join(f"{k} {100 * v:.1f} %" for v, k in over) or "none") + f"; {len(hard) - len(over)} of {len(hard)} families within"],
        ["at equal false blocks, more caught with both novel features than with neither, outside the intervals", novel],
        ["forest ≤ 100 trees and ≤ 60,000 nodes; both models ≤ 4 MiB", f"{len(set(forest['nodes_treeids'].ints))} trees, {len(forest['nodes_treeids'].ints)} nodes; {size / 2**20:.1f} MiB"],
        ["active tunnels: median leak ≤ 10 queries and ≤ 1 KiB; 95th percentile ≤ 24 queries", f"queries (median, 95th percentile, worst) {leaks}"],
    ]
    return md(rows, ["bar", "reached"])


def train_folds(rows: table.Rows, dealt: folds.Folds, thresholds: dict[str, float], models: pathlib.Path, work: pathlib.Path, seed: int) -> None:
    """Exports a forest a fold, trained without it, as a model folder work/fold-N
    that the Go command loads."""
    fold = dealt.rows(rows)
    for k in tqdm(range(folds.FOLDS), desc="forests, each without a fold"):
        folder = work / f"fold-{k}"
        forest = train_forest.fit(rows.pick(fold != k), seed, train_forest.CHOOSING)
        forests.export(forest, len(rows.features), folder / "forest.onnx")
        for name in ("autoencoder.onnx", "autoencoder.json", "surprisal.bin", "surprisal.json", "joint.onnx"):
            shutil.copy(models / name, folder / name)
        joint = json.loads((models / "joint.json").read_text())  # it has seen every tool, and so stays out of this
        artifact.write_json(folder / "joint.json", joint | {"thresholds": dict.fromkeys(joint["thresholds"], 1)})
        artifact.write_json(
            folder / "forest.json",
            {
                "features": rows.features,
                "thresholds": thresholds,
                "floor": train_forest.FLOOR,
                "benign": train_forest.benign_ranges(rows.pick(fold != k)),
                "suffix_list": json.loads((models / "forest.json").read_text())["suffix_list"],
                "sha256": artifact.sha256(folder / "forest.onnx"),
                "training": {"data": f"all but fold {k}", "rows": int((fold != k).sum()), "composed": 0, "trees": train_forest.CHOOSING, "seed": seed, "held_out": {}},
                "versions": {},
            },
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", type=pathlib.Path, required=True, help="the notunnel command")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder with rows.csv.gz and eval/rows.csv.gz")
    parser.add_argument("--models", type=pathlib.Path, required=True, help="folder of the models; the report goes there")
    parser.add_argument("--logs", type=pathlib.Path, nargs="+", required=True, help="labelled logs to judge")
    parser.add_argument("--formats", type=pathlib.Path, nargs="+", required=True, help="labelled logs in formats of named tools, for the models as they are")
    parser.add_argument("--sources", type=pathlib.Path, default=pathlib.Path("model/train/sources.tsv"))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    manifest = json.loads((args.models / "forest.json").read_text())
    train, test = table.read(args.work / "rows.csv.gz"), table.read(args.work / "eval" / "rows.csv.gz")
    work = args.work / "eval"
    dealt = folds.Folds(test)
    train_folds(train, dealt, manifest["thresholds"], args.models, work, args.seed)
    files = [dealt.files(test, args.logs, k) for k in range(folds.FOLDS)]
    here = judged.judge(args.command, dealt, files, work, args.sources)
    runs = {t: judged.judge(args.command, dealt, files, work, args.sources, t) for t in THRESHOLDS}
    runs[manifest["thresholds"]["unknown"]] = here
    curve, points = threshold_curve(runs)
    shipped = judged.by_model(args.command, args.models, [f for f in args.logs if f.name.startswith("tunnel-")], args.sources)
    shipped = [s for s in shipped if s["tunnel"]]  # half of the clients that rotate ask for other things too

    peaks, importance = compare.peaks(train, test, dealt, args.seed)
    first = compare.firsts(test)
    apart = ~first.allowed & ~np.char.startswith(first.tool, WORDS)
    folder = args.models / "evaluation"
    enough = (test.events >= train_forest.TAUGHT["events"]) & (test.information >= train_forest.TAUGHT["information"])
    loss = test.x[:, test.features.index("ae_loss")]
    plots.loss_density(loss[enough & (test.label == 0)], loss[enough & (test.label == 1)], folder / "loss-density.svg")
    plots.curves(first.label[apart], {k: v[apart] for k, v in peaks.items()}, folder)
    plots.importances(train.features, importance, folder / "importances.svg")
    plots.calibration(first.label[apart], peaks["forest"][apart], folder / "calibration.svg")
    plots.thresholds(points, folder / "thresholds.svg")

    templates = {args.models / "EVALUATION.md": "evaluation.md.in", args.models / APPENDIX: "tables.md.in"}
    named = judged.by_model(args.command, args.models, args.formats, args.sources)
    rates = published_rates(here, shipped)
    compared, novel = comparison(test, peaks)
    parts = {
        "THRESHOLD": ", ".join(f"{v} for {k} domains" for k, v in manifest["thresholds"].items()),
        "FOLDS": str(folds.FOLDS),
        "BARS": bars(here, shipped, rates, novel, args.models),
        "PUBLISHED": published_form(rates),
        "RECORDED": recorded_tunnels(here),
        "SCENARIOS": recorded_scenarios(here),
        "COMPOSED": composed_tunnels(here),
        "KNOWN": composed_tunnels(shipped),
        "ADMINISTRATOR": administrator(here, shipped, named, manifest["thresholds"]),
        "JOINT": joint(json.loads((args.models / "joint.json").read_text())),
        "KINDS": kinds(here),
        "STANDINGS": standings(here),
        "FORMATS": formats(named),
        "ORDINARY": ordinary_traffic(here),
        "FALSE": list_false_blocks(here),
        "FAMILIES": benign_families(here),
        "COMPARISON": compared,
        "CURVE": curve,
    }
    for path, template in templates.items():
        text = (pathlib.Path(__file__).parent / template).read_text()
        for name, part in parts.items():
            text = text.replace(f"@{name}@", part.strip())
        path.write_text(text)
    print(parts["BARS"])


if __name__ == "__main__":
    main()
