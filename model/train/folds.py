"""Who judges whom: every tool, family and SLD is judged by a forest that never
saw it.

Kinds (tools and benign families) are dealt into folds, so a forest is trained
without its fold's kinds. Ordinary names are dealt by SLD instead: a forest is
trained on other SLDs. Popular SLDs are in no training at all.
"""

import hashlib
import pathlib
import shutil

import numpy as np
from tqdm import tqdm

import artifact
import rows as table
import train_forest

FOLDS = 6
BY_SLD = ("names", "popular", "mixed", "indexed")
# Versions of one protocol leave together.
RELATED = {"andiodine": "iodine"}


def fold_of(kind: str, sld: str) -> int:
    """The fold of a session: of its SLD where the family is one of many SLDs,
    else of its tool or family."""
    tool = kind.split("|", 1)[1]
    key = sld if tool in BY_SLD else RELATED.get(tool, tool)
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % FOLDS


def folds_of(rows: table.Rows) -> np.ndarray:
    """The fold of each row."""
    pairs = np.char.add(np.char.add(rows.kind(), "\n"), rows.group)
    unique, of = np.unique(pairs, return_inverse=True)
    found = [fold_of(kind, group.split("|", 1)[1]) for kind, group in (p.split("\n") for p in unique)]
    return np.array(found)[of]


def files_of(rows: table.Rows, files: list[pathlib.Path], fold: int) -> list[pathlib.Path]:
    """The files that hold sessions of the fold; those that gave no row hold
    sessions of any."""
    mine, known = set(rows.file[folds_of(rows) == fold]), set(rows.file)
    return [f for f in files if f.name in mine or f.name not in known]


def train(rows: table.Rows, threshold: float, models: pathlib.Path, work: pathlib.Path, seed: int) -> None:
    """Exports a forest a fold, trained without it, as a model folder work/fold-N
    that the Go command loads."""
    rows = rows.pick(~np.isin(rows.tool, table.UNTAUGHT))
    fold = folds_of(rows)
    for k in tqdm(range(FOLDS), desc="forests, each without a fold"):
        folder = work / f"fold-{k}"
        forest = train_forest.fit(rows.pick(fold != k), seed)
        train_forest.export(forest, len(rows.features), folder / "forest.onnx")
        for name in ("autoencoder.onnx", "autoencoder.json"):
            shutil.copy(models / name, folder / name)
        artifact.write_json(
            folder / "forest.json",
            {
                "features": rows.features,
                "threshold": threshold,
                "floor": train_forest.FLOOR,
                "benign": train_forest.benign_ranges(rows.pick(fold != k)),
                "sha256": artifact.sha256(folder / "forest.onnx"),
                "training": {"data": f"all but fold {k}", "rows": int((fold != k).sum()), "composed": 0, "trees": train_forest.TREES, "seed": seed, "held_out": {}},
                "versions": {},
            },
        )
