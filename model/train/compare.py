"""The model against what it could be instead, on equal rows and folds: the forest
or the logistic regression alone, and both without the novel features."""

import dataclasses

import numpy as np
from tqdm import tqdm

import folds
import rows as table
import train_forest

AUTOENCODER = ("ae_loss", "ae_loss_std", "ae_surprise")
SEGMENTS = ("segment_ratio",)
TREES = 50  # half of the shipped forest, for every forest that is compared

SHIPPED = "forest and regression"
VARIANTS = {
    SHIPPED: (),
    "without autoencoder": AUTOENCODER,
    "without segment ratio": SEGMENTS,
    "without both": AUTOENCODER + SEGMENTS,
}
PLOTTED = (SHIPPED, "forest alone", "regression alone", "without both", "forest alone, without both")


def peaks(train: table.Rows, test: table.Rows, dealt: folds.Folds, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The highest score on enough evidence of each session of test, in the order
    of firsts, by every variant, and by forest and regression alone with and
    without the novel features; each score by a model that was trained without
    the session's fold. And the importance of each feature in the forest."""
    fold, test_fold = dealt.rows(train), dealt.rows(test)
    found, importance = {}, np.zeros(len(train.features))
    for name, dropped in tqdm(VARIANTS.items(), desc="comparing models"):
        kept = [i for i, f in enumerate(train.features) if f not in dropped]
        scores = {part: np.zeros(len(test.label)) for part in (name, f"forest alone, {name}", f"regression alone, {name}")}
        for k in range(folds.FOLDS):
            part, mine = train.pick(fold != k), test_fold == k
            judge, x = train_forest.fit(dataclasses.replace(part, x=part.x[:, kept]), seed, TREES), test.x[mine][:, kept]
            both = judge.forest.predict_proba(x)[:, 1], judge.regression.predict_proba(judge.scaler.transform(x))[:, 1]
            for score, of in zip(scores.values(), ((both[0] + both[1]) / 2, *both)):
                score[mine] = of
            if name == SHIPPED:
                importance += judge.forest.feature_importances_ / folds.FOLDS
        found |= {part: train_forest.session_peaks(test, score) for part, score in scores.items()}
    return {part.replace(f", {SHIPPED}", ""): p for part, p in found.items()}, importance


def firsts(test: table.Rows) -> table.Rows:
    """A row of each session, in the order of peaks."""
    _, at = np.unique(np.char.add(test.kind(), np.char.add("|", test.session)), return_index=True)
    return test.pick(at)
