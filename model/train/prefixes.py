"""Prefixes: their ids, as model/autoencoder/alphabet.go has them, and generated ones."""

import base64
import random

import numpy as np

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-_."
LENGTH = 64
SYMBOLS = len(ALPHABET) + 2  # pad, the alphabet, other

_IDS = np.full(256, SYMBOLS - 1, dtype=np.uint8)
for _i, _c in enumerate(ALPHABET):
    _IDS[ord(_c)] = _IDS[ord(_c.upper())] = _i + 1

HOST_WORDS = (
    "www mail api cdn static img login auth dev staging test edge media news shop "
    "blog video assets portal vpn remote cloud data update download images secure "
    "support status docs beta mobile ads track metrics gateway proxy ns mx smtp"
).split()


def encode(prefix: bytes) -> np.ndarray:
    """Ids of one unescaped prefix, padded with 0, clipped at LENGTH."""
    row = np.zeros(LENGTH, dtype=np.uint8)
    clipped = np.frombuffer(prefix[:LENGTH], dtype=np.uint8)
    row[: len(clipped)] = _IDS[clipped]
    return row


def random_encoding(rng: random.Random, encoding: str, length: int) -> bytes:
    """length characters of random bytes under base32, hex or base64."""
    raw = rng.randbytes(length)
    coded = {
        "base32": lambda: base64.b32encode(raw).lower(),
        "hex": lambda: raw.hex().encode(),
        "base64": lambda: base64.urlsafe_b64encode(raw),
    }[encoding]()
    return coded[:length]


def host_like(rng: random.Random) -> bytes:
    """A made-up host prefix of one to three ordinary labels."""
    labels = []
    for _ in range(rng.randint(1, 3)):
        label = "-".join(rng.sample(HOST_WORDS, rng.randint(1, 2)))
        labels.append(label + (str(rng.randint(1, 99)) if rng.random() < 0.3 else ""))
    return ".".join(labels).encode()


def golden_prefixes(seed: int) -> list[bytes]:
    """Prefixes that a reader of the model is checked on: host-like ones, random
    encodings of every length from 1 past LENGTH, every byte, the empty one."""
    rng = random.Random(seed)
    found = [b"", b"www", b"WWW", b"a" * 64, b"." * 64, b"_dmarc", b"xn--caf-dma"]
    found += [host_like(rng) for _ in range(600)]
    for length in [*range(1, 71)] * 8:
        found.append(random_encoding(rng, "base32", length))
        found.append(random_encoding(rng, ("hex", "base64")[length % 2], length))
        found.append(rng.randbytes(length))
    found += [bytes(range(start, start + 64)) for start in range(0, 256, 64)]
    return found
