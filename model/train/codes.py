"""Costs of symbols in whole parts of a bit, and rows of them that contexts share."""

import math

import numpy as np
from tqdm import tqdm

UNIT = 16  # of a cost: a sixteenth of a bit
MOST = 255  # the largest cost
# What a cost takes of a row's total, rounded up, in 1/ONE. A row keeps SPARE,
# so that the sum is at most 1 whoever rounds.
ONE, SPARE = 1 << 40, 64
WEIGHTS = np.array([math.ceil(2.0 ** (40 - cost / UNIT)) for cost in range(MOST + 1)], dtype=np.int64)


def costs(p: np.ndarray) -> np.ndarray:
    """Costs of distributions p, int64 of the same shape [N,M], with the sum of
    2^(-cost/UNIT) of a row at most 1 and little left of it: each is rounded up,
    and then those where it saves most a share are lowered while there is room."""
    found = np.searchsorted(-WEIGHTS, -p * ONE)  # the first weight that is at most p
    found = np.clip(found, 1, MOST)
    while len(over := np.flatnonzero(WEIGHTS[found].sum(axis=1) > ONE - SPARE)):
        found[over, p[over].argmax(axis=1)] += 1
    todo = np.arange(len(p))
    while len(todo):
        now = found[todo]
        more = WEIGHTS[np.maximum(now - 1, 0)] - WEIGHTS[now]
        room = ONE - SPARE - WEIGHTS[now].sum(axis=1, keepdims=True)
        gain = np.where((now > 1) & (more <= room), p[todo] / np.maximum(more, 1), -1.0)
        best = gain.argmax(axis=1)
        fits = gain[np.arange(len(todo)), best] >= 0
        todo = todo[fits]
        found[todo, best[fits]] -= 1
    return found


def share(weights: np.ndarray, first: np.ndarray, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of costs that distributions share: which row each takes, int64 [N], and
    the rows, int64 [K,M]. It begins with the rows first and is k-means with
    Kullback-Leibler divergence: each of the weights (integers, [N,M]) takes the
    row that codes it in the fewest bits, each row becomes the code of all that
    take it. All sums are of integers below 2^53, exact in any order."""
    rows, total = first, 0.0
    bar = tqdm(range(rounds), desc="sharing rows")
    for _ in bar:
        taken, total = nearest(weights, rows)
        bar.set_postfix_str(f"{total / UNIT / weights.sum():.4f} bits")
        pooled = np.zeros(rows.shape)
        np.add.at(pooled, taken, weights)
        used = pooled.any(axis=1)
        rows = rows.copy()
        rows[used] = costs(pooled[used] / pooled[used].sum(axis=1, keepdims=True))
    return nearest(weights, rows)[0], rows


def nearest(weights: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, float]:
    """The row that codes each of the weights in the fewest bits, and their sum."""
    taken, total = [], 0.0
    across = rows.T.astype(np.float64)
    for i in range(0, len(weights), 4096):
        bits = weights[i : i + 4096] @ across
        taken.append(bits.argmin(axis=1))
        total += bits.min(axis=1).sum()
    return np.concatenate(taken), total
