"""The plots of the evaluation."""

import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

plt.rcParams.update({"figure.figsize": (7, 4.2), "axes.grid": True, "grid.alpha": 0.3, "svg.hashsalt": "notunnel", "font.size": 9})


def save(path: pathlib.Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    plt.tight_layout()
    plt.savefig(path, metadata={"Date": None})
    plt.close()


def loss_density(benign: np.ndarray, tunnel: np.ndarray, path: pathlib.Path) -> None:
    """Density of the autoencoder's mean loss over windows of both classes."""
    bins = np.linspace(0, 0.1, 80)
    plt.hist(benign, bins, density=True, alpha=0.6, label=f"benign windows (n={len(benign)})")
    plt.hist(tunnel, bins, density=True, alpha=0.6, label=f"tunnel windows (n={len(tunnel)})")
    plt.xlabel("ae_loss of the window")
    plt.ylabel("density")
    plt.legend()
    save(path)


def curves(truth: np.ndarray, peaks: dict[str, np.ndarray], folder: pathlib.Path) -> None:
    """ROC (false positives on a logarithmic axis) and precision-recall of every
    variant, a point a session."""
    for name, scores in peaks.items():
        fpr, tpr, _ = roc_curve(truth, scores)
        plt.plot(np.maximum(fpr, 1e-5), tpr, label=name)
    plt.xscale("log")
    plt.xlim(1e-4, 1)
    plt.xlabel("benign sessions flagged (share)")
    plt.ylabel("tunnel sessions flagged (share)")
    plt.legend()
    save(folder / "roc.svg")
    for name, scores in peaks.items():
        precision, recall, _ = precision_recall_curve(truth, scores)
        plt.plot(recall, precision, label=name)
    plt.xlim(0.5, 1)
    plt.ylim(0.8, 1.002)
    plt.xlabel("recall")
    plt.ylabel("precision, at the balance of the data")
    plt.legend()
    save(folder / "precision-recall.svg")


def importances(names: list[str], shares: np.ndarray, path: pathlib.Path) -> None:
    order = np.argsort(shares)
    plt.figure(figsize=(7, 5))
    plt.barh(np.array(names)[order], shares[order])
    plt.xlabel("importance in the forest (mean decrease of impurity)")
    save(path)


def calibration(truth: np.ndarray, scores: np.ndarray, path: pathlib.Path) -> None:
    """Share of tunnels by score, sessions of both classes weighing the same."""
    weight = np.where(truth == 1, 0.5 / max(truth.sum(), 1), 0.5 / max((truth == 0).sum(), 1))
    bins = np.minimum((scores * 10).astype(int), 9)
    middle, share = [], []
    for b in range(10):
        mine = bins == b
        if mine.sum() >= 20:
            middle.append(np.average(scores[mine], weights=weight[mine]))
            share.append(np.average(truth[mine], weights=weight[mine]))
    plt.plot([0, 1], [0, 1], ":", color="grey")
    plt.plot(middle, share, "o-")
    plt.xlabel("highest score of the session")
    plt.ylabel("share of tunnels, both classes alike")
    save(path)


def thresholds(rows: list[dict], path: pathlib.Path) -> None:
    """What moving the threshold costs."""
    x = [r["threshold"] for r in rows]
    plt.plot(x, [100 * r["caught"] for r in rows], "o-", label="composed tunnels caught, %")
    plt.plot(x, [100 * r["words"] for r in rows], "s:", label="word tunnels caught, %")
    plt.ylabel("%")
    plt.xlabel("threshold")
    plt.legend(loc="lower left")
    plt.twinx()
    plt.plot(x, [1e4 * r["false"] for r in rows], "r^--", label="ordinary sessions blocked, per 10,000")
    plt.ylabel("per 10,000")
    plt.legend(loc="upper right")
    save(path)
