"""Sessions as the engine that serves judged them ("notunnel eval")."""

import collections
import concurrent.futures
import json
import math
import pathlib
import re
import subprocess

from tqdm import tqdm

import folds
import rows as table

WORDS = "tunnel-words"  # what the families begin with that hide data in words
SCENARIOS = "idle5m idle slow drip shell upload download up down short fast active".split()


def judge(command: pathlib.Path, dealt: folds.Folds, files: list[list[pathlib.Path]], work: pathlib.Path, sources: pathlib.Path, threshold: float | None = None) -> list[dict]:
    """Every session of the files, which are given by fold, each judged by the
    forest of its fold, which never saw its tool, family or SLD."""

    def one(k: int) -> list[dict]:
        found = by_model(command, work / f"fold-{k}", files[k], sources, threshold)
        return [s for s in found if dealt.of(kind(s), s["sld"]) == k]

    title = "judging" if threshold is None else f"judging at {threshold}"
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return [s for part in tqdm(pool.map(one, range(folds.FOLDS)), total=folds.FOLDS, desc=title) for s in part]


def by_model(command: pathlib.Path, model: pathlib.Path, files: list[pathlib.Path], sources: pathlib.Path, threshold: float | None = None) -> list[dict]:
    """Every session of the files, judged by one model; but no tunnel that the
    composer has put below an SLD of the allow list, where none can be."""
    args = [command, "eval", "--model", model, "--sources", sources]
    if threshold is not None:
        args += ["--threshold", threshold]
    with subprocess.Popen([*map(str, args), *map(str, files)], stdout=subprocess.PIPE, text=True) as run:
        found = [json.loads(line) for line in run.stdout]
    if run.returncode:
        raise SystemExit(f"notunnel eval ended with status {run.returncode}")
    found = [s for s in found if not (s["tunnel"] and s["composed"] and s["allowed"])]
    for s in found:
        s["scenario"] = scenario(s["file"])
    return found


def kind(session: dict) -> str:
    return f"{int(session['tunnel'])}|{session['tool']}"


def scenario(file: str) -> str:
    """What a tunnel was used for, by the name of its log."""
    words = re.split(r"[-_.]", file)
    if words[0] == "tunnel":
        words = words[-3:]  # a composed family's name may hold such a word too; its rhythm comes last
    return next((s for s in SCENARIOS if s in words), "-")


def blocked(session: dict, listed: bool = True) -> bool:
    """Whether the session ends blocked, with the shipped allow list in force."""
    return session["verdict"] == "block" and not (listed and session["allowed"])


def ordinary(session: dict) -> bool:
    return not session["tunnel"] and session["tool"] in table.ORDINARY + ("popular",)


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a share (Wilson, 1927)."""
    if n == 0:
        return 0.0, 1.0
    p = hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def share(hits: int, n: int, digits: int = 2) -> str:
    """A share in percent with its interval."""
    if n == 0:
        return "-"
    low, high = wilson(hits, n)
    return f"{100 * hits / n:.{digits}f} ({100 * low:.{digits}f}–{100 * high:.{digits}f})"


def by(sessions: list[dict], *keys: str) -> dict[tuple, list[dict]]:
    """Sessions grouped by the values of keys, in order."""
    groups = collections.defaultdict(list)
    for s in sessions:
        groups[tuple(s[k] for k in keys)].append(s)
    return dict(sorted(groups.items()))


def quantiles(values: list[float]) -> str:
    """Median, 95th percentile and worst."""
    if not values:
        return "-"
    v = sorted(values)
    return f"{v[len(v) // 2]}, {v[min(len(v) - 1, math.ceil(0.95 * len(v)) - 1)]}, {v[-1]}"
