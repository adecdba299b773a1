"""The forest against what it could be instead, on equal rows and folds: logistic
regression, boosted trees, and the forest without the novel features."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

import folds
import rows as table
import train_forest

NOVEL = ("ae_loss", "segment_ratio")
TREES = 40  # of every forest that is compared

VARIANTS = {
    "forest": (),
    "forest without both": NOVEL,
    "boosted trees": (),
    "logistic regression": (),
}


def classifier(name: str, seed: int):
    if name == "logistic regression":
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    if name == "boosted trees":  # of half as many leaves as the shipped forest
        return HistGradientBoostingClassifier(max_iter=200, learning_rate=0.1, max_leaf_nodes=64, min_samples_leaf=train_forest.LEAST_ROWS, random_state=seed)
    return train_forest.classifier(TREES, seed)


def peaks(train: table.Rows, test: table.Rows, dealt: folds.Folds, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The highest score on enough evidence of each session of test, in the order
    of firsts, by every variant; each score by a model that was trained without
    the session's fold. And the importance of each feature in the forest."""
    train = train_forest.teaching(train)
    fold, test_fold = dealt.rows(train), dealt.rows(test)
    found, importance = {}, np.zeros(len(train.features))
    for name, dropped in tqdm(VARIANTS.items(), desc="comparing models"):
        kept = [i for i, f in enumerate(train.features) if f not in dropped]
        scores = np.zeros(len(test.label))
        for k in range(folds.FOLDS):
            part, mine = train.pick(fold != k), test_fold == k
            model, w = classifier(name, seed), table.weights(part)
            if name == "logistic regression":
                model.fit(part.x[:, kept], part.label, logisticregression__sample_weight=w)
            else:
                model.fit(part.x[:, kept], part.label, sample_weight=w)
            scores[mine] = model.predict_proba(test.x[mine][:, kept])[:, 1]
            if name == "forest":
                importance += model.feature_importances_ / folds.FOLDS
        found[name] = train_forest.session_peaks(test, scores)
    return found, importance


def firsts(test: table.Rows) -> table.Rows:
    """A row of each session, in the order of peaks."""
    _, at = np.unique(np.char.add(test.kind(), np.char.add("|", test.session)), return_index=True)
    return test.pick(at)
