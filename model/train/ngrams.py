"""Labels of encoded prefixes, counted by the characters before each of theirs.

A symbol is a character of ALPHABET or the boundary, which is before the first
character and behind the last. A context is three symbols, as a number in base
SYMBOLS; an array [CONTEXTS, SYMBOLS] has a row for each.
"""

import numpy as np

import prefixes

ALPHABET = prefixes.ALPHABET.replace(".", "")
BOUNDARY = len(ALPHABET)
SYMBOLS = BOUNDARY + 1
BEFORE = 3  # characters of a context
CONTEXTS = SYMBOLS**BEFORE
LONGEST = 63  # bytes of a label (RFC 1035)

_PAD, _DOT, _OTHER = 0, prefixes.ALPHABET.index(".") + 1, prefixes.SYMBOLS - 1


def labels(ids: np.ndarray) -> np.ndarray:
    """The labels of encoded prefixes, uint8 [N,1+LONGEST], the boundary behind
    each. Every distinct label of a prefix stands there once. Left out is what
    cannot be spelled, and the last label of a prefix that fills its row: it may
    have been cut off."""
    flat = np.pad(ids, ((0, 0), (0, 1))).ravel()  # a pad behind every row
    width = ids.shape[1] + 1
    ends = np.flatnonzero((flat == _DOT) | (flat == _PAD))
    starts = np.concatenate([[0], ends[:-1] + 1])
    others = np.concatenate([[0], np.cumsum(flat == _OTHER)])
    whole = (ends > starts) & (others[ends] == others[starts]) & (ends % width < width - 1)
    starts, ends = starts[whole], ends[whole]
    found = np.full((len(starts), 1 + LONGEST), BOUNDARY, dtype=np.uint8)
    for i in range(LONGEST):
        longer = np.flatnonzero(ends - starts > i)
        found[longer, i] = flat[starts[longer] + i] - 1
    return found[~_repeated(found, starts // width)]


def _repeated(found: np.ndarray, prefix: np.ndarray) -> np.ndarray:
    """Which labels stand in their prefix before; prefix is ascending."""
    seen = np.zeros(len(found), dtype=bool)
    for apart in range(1, len(found)):
        later = np.flatnonzero(prefix[apart:] == prefix[:-apart]) + apart
        if not len(later):
            break
        seen[later] |= (found[later] == found[later - apart]).all(axis=1)
    return seen


def count(found: np.ndarray) -> np.ndarray:
    """How often each symbol follows each context, int64 [CONTEXTS, SYMBOLS]."""
    padded = np.pad(found, ((0, 0), (BEFORE, 0)), constant_values=BOUNDARY)
    lengths = (found != BOUNDARY).sum(axis=1)
    counts = np.zeros(CONTEXTS * SYMBOLS, dtype=np.int64)
    for i in range(1 + LONGEST):
        code = np.zeros(1, dtype=np.int64)
        for symbol in padded[lengths >= i, i : i + BEFORE + 1].T:
            code = code * SYMBOLS + symbol
        counts += np.bincount(code, minlength=len(counts))
    return counts.reshape(CONTEXTS, SYMBOLS)


def possible() -> np.ndarray:
    """Which contexts can occur: the boundary is before all characters."""
    last = np.arange(CONTEXTS) % SYMBOLS
    middle = np.arange(CONTEXTS) // SYMBOLS % SYMBOLS
    first = np.arange(CONTEXTS) // SYMBOLS**2
    return ((first == BOUNDARY) | (middle != BOUNDARY)) & ((middle == BOUNDARY) | (last != BOUNDARY))


def smooth(counts: np.ndarray, order: int = BEFORE + 1) -> np.ndarray:
    """Probability of each symbol after each context by the last order-1 symbols
    of it, float64 [CONTEXTS, SYMBOLS]: interpolated Kneser-Ney with the modified
    discounts of Chen and Goodman (1999). None is 0. Only integers are summed, so that the result is the same everywhere."""
    grams = counts.reshape((SYMBOLS,) * (BEFORE + 1)).sum(axis=tuple(range(BEFORE + 1 - order)))
    p = np.full(SYMBOLS, 1 / SYMBOLS)
    for length in range(1, order + 1):
        c = grams
        if length < order:  # how many different symbols precede, not how often
            c = (grams.sum(axis=tuple(range(order - length - 1))) > 0).sum(axis=0)
        p = _interpolate(c, p)
    return np.broadcast_to(p, (SYMBOLS,) * (BEFORE + 1)).reshape(CONTEXTS, SYMBOLS)


def _interpolate(c: np.ndarray, shorter: np.ndarray) -> np.ndarray:
    """Takes a discount from each count c and gives what was taken in a context to
    the distribution by the shorter one."""
    times = [int((c == n).sum()) for n in range(1, 5)]
    off = [0.5, 0.5, 0.5]  # too few n-grams to tell by
    if all(times):
        y = times[0] / (times[0] + 2 * times[1])
        off = [n - (n + 1) * y * times[n] / times[n - 1] for n in range(1, 4)]
        off = [min(max(d, 0.1), n) for n, d in enumerate(off, start=1)]
    grade = np.minimum(c, 3)
    taken = sum(d * (grade == n).sum(axis=-1, keepdims=True) for n, d in enumerate(off, start=1))
    kept = c - np.array([0, *off])[grade]
    total = c.sum(axis=-1, keepdims=True)
    return np.where(total > 0, (kept + taken * shorter) / np.maximum(total, 1), shorter)
