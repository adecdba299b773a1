"""Trains the autoencoder on benign prefixes and exports it.

Input: the uint8 [N,64] array that "notunnel encode" writes. Output, in --out:
autoencoder.onnx (int64 [N,64] ids -> float32 [N,64,16] reconstruction),
autoencoder.json (manifest) and golden/autoencoder.json (prefixes with their
loss by ONNX Runtime). A run that was cut short goes on from its last epoch.
"""

import argparse
import math
import pathlib
import random

import numpy as np
import onnxruntime
import torch
from sklearn.metrics import roc_auc_score
from torch import nn
from tqdm import tqdm

import artifact
import prefixes

DIM = 16  # embedding; also channels of the outer layers
NARROW = 8  # channels of the code
BATCH = 1024
LEARNING_RATE = 4e-3
DROPOUT = 0.05
OPSET = 13
# Output i depends on ids up to i + REACH only (two strided convolutions of
# five taps and back), so training may crop a batch there and lose nothing.
REACH = 12


def embedding(seed: int) -> torch.Tensor:
    """Frozen table of unit rows; the pad row is zero."""
    table = torch.randn(prefixes.SYMBOLS, DIM, generator=torch.Generator().manual_seed(seed))
    table = table / table.norm(dim=1, keepdim=True)
    table[0] = 0
    return table


class Autoencoder(nn.Module):
    """ids [N,L] -> reconstructed embeddings [N,L,DIM], L a multiple of four."""

    def __init__(self, table: torch.Tensor):
        super().__init__()
        self.embed = nn.Embedding.from_pretrained(table, freeze=True)
        self.conv1 = nn.Conv1d(DIM, DIM, 5, stride=2, padding=2)
        self.conv2 = nn.Conv1d(DIM, NARROW, 5, stride=2, padding=2)
        self.deconv1 = nn.ConvTranspose1d(NARROW, DIM, 5, stride=2, padding=2, output_padding=1)
        self.deconv2 = nn.ConvTranspose1d(DIM, DIM, 5, stride=2, padding=2, output_padding=1)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.embed(ids).transpose(1, 2)
        x = self.dropout(torch.relu(self.conv1(x)))
        x = self.dropout(torch.relu(self.conv2(x)))
        x = torch.relu(self.deconv1(x))
        return self.deconv2(x).transpose(1, 2)


def losses(net: Autoencoder, ids: torch.Tensor) -> torch.Tensor:
    """Masked MSE of each prefix: the squared error over its real positions,
    divided by DIM times their number."""
    mask = (ids != 0).unsqueeze(2)
    error = ((net(ids) - net.embed(ids)) ** 2 * mask).sum(dim=(1, 2))
    return error / (DIM * mask.sum(dim=(1, 2)))


def crop(rows: np.ndarray, lengths: np.ndarray) -> torch.Tensor:
    """A batch as int64 ids, cut behind what its longest prefix needs."""
    width = min(prefixes.LENGTH, math.ceil((int(lengths.max()) + REACH) / 4) * 4)
    return torch.from_numpy(rows[:, :width].astype(np.int64))


def batches(lengths: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Shuffled row numbers in batches of like length."""
    order = rng.permutation(len(lengths))
    pools = [order[i : i + 64 * BATCH] for i in range(0, len(order), 64 * BATCH)]
    found = []
    for pool in pools:
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        found += [pool[i : i + BATCH] for i in range(0, len(pool), BATCH)]
    rng.shuffle(found)
    return found


@torch.no_grad()
def score(net: Autoencoder, rows: np.ndarray) -> np.ndarray:
    """Loss of each row, without dropout."""
    net.eval()
    parts = [losses(net, torch.from_numpy(rows[i : i + 4096].astype(np.int64))) for i in range(0, len(rows), 4096)]
    return torch.cat(parts).numpy() if parts else np.zeros(0, dtype=np.float32)


def train(net: Autoencoder, rows: np.ndarray, held: np.ndarray, args) -> None:
    """Runs the epochs that the checkpoint has not seen, saving after each."""
    checkpoint = args.work / "autoencoder.pt"
    settings = {"seed": args.seed, "epochs": args.epochs, "rows": len(rows), "held": len(held)}
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=LEARNING_RATE)
    first = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        if saved["settings"] == settings:
            net.load_state_dict(saved["net"])
            optimizer.load_state_dict(saved["optimizer"])
            first = saved["epoch"] + 1
            print(f"going on after epoch {first}")
    lengths = (rows != 0).sum(axis=1)
    for epoch in range(first, args.epochs):
        torch.manual_seed(args.seed + epoch)
        todo = batches(lengths, np.random.default_rng(args.seed + epoch))
        net.train()
        total = 0.0
        for step, pick in enumerate(tqdm(todo, desc=f"epoch {epoch + 1}/{args.epochs}", mininterval=5)):
            progress = (epoch + step / len(todo)) / args.epochs
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATE * min(1, progress * 40 + 0.02) * 0.5 * (1 + math.cos(math.pi * progress))
            loss = losses(net, crop(rows[pick], lengths[pick])).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch + 1}: training loss {total / len(todo):.6f}, validation loss {score(net, held).mean():.6f}", flush=True)
        torch.save({"settings": settings, "epoch": epoch, "net": net.state_dict(), "optimizer": optimizer.state_dict()}, checkpoint)


def separation(net: Autoencoder, held: np.ndarray, seed: int) -> dict[str, dict[str, float]]:
    """Loss on generated random encodings against held-out prefixes of at least
    16 characters: a sanity figure, nothing here is recorded traffic."""
    rng = random.Random(seed)
    benign = score(net, held[(held != 0).sum(axis=1) >= 16])
    found = {}
    if not len(benign):
        return found
    for encoding in ("base32", "hex", "base64"):
        rows = [prefixes.encode(prefixes.random_encoding(rng, encoding, rng.randint(16, 63))) for _ in range(5000)]
        generated = score(net, np.stack(rows))
        truth = np.repeat([0, 1], [len(benign), len(generated)])
        auc = roc_auc_score(truth, np.concatenate([benign, generated]))
        found[encoding] = {"loss": round(float(generated.mean()), 6), "auc": round(float(auc), 4)}
    return found


def export(net: Autoencoder, path: pathlib.Path) -> None:
    """Writes the net for a free number of rows."""
    net.eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        net,
        torch.ones(2, prefixes.LENGTH, dtype=torch.int64),
        str(path),
        opset_version=OPSET,
        input_names=["ids"],
        output_names=["reconstruction"],
        dynamic_axes={"ids": {0: "N"}, "reconstruction": {0: "N"}},
    )


def golden(path: pathlib.Path, table: np.ndarray, seed: int) -> list[dict]:
    """Prefixes (hex) and their loss, by ONNX Runtime on the exported file."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = []
    for prefix in prefixes.golden_prefixes(seed):
        ids = prefixes.encode(prefix).astype(np.int64)
        n = int((ids != 0).sum())
        (out,) = session.run(None, {"ids": ids[None]})
        error = (out[0, :n].astype(np.float64) - table[ids[:n]]) ** 2
        found.append({"prefix": prefix.hex(), "loss": float(error.sum() / (DIM * n)) if n else 0.0})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prefixes", type=pathlib.Path, help="array from notunnel encode")
    parser.add_argument("unseen", type=pathlib.Path, help="the same, of SLDs that are not in it")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder of the model")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--data", required=True, help="what the prefixes are, for the manifest")
    parser.add_argument("--suffix-list", required=True, help="version of the Public Suffix List that cut the prefixes, for the manifest")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    args.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    rows, held = np.load(args.prefixes), np.load(args.unseen)
    net = Autoencoder(embedding(args.seed))
    train(net, rows, held, args)

    path = args.out / "autoencoder.onnx"
    export(net, path)
    long = held[(held != 0).sum(axis=1) >= 16]
    manifest = {
        "alphabet": prefixes.ALPHABET,
        "length": prefixes.LENGTH,
        "embedding": DIM,
        "suffix_list": args.suffix_list,
        "sha256": artifact.sha256(path),
        "training": {
            "data": args.data,
            "prefixes": len(rows),
            "unseen": len(held),
            "epochs": args.epochs,
            "seed": args.seed,
            "validation_loss": round(float(score(net, held).mean()), 6),
            "validation_loss_16_or_more": round(float(score(net, long).mean()), 6) if len(long) else None,
            "generated_strings": separation(net, held, args.seed),
        },
        "versions": artifact.versions("torch", "numpy", "onnxruntime") | {"opset": str(OPSET)},
    }
    artifact.write_json(args.out / "autoencoder.json", manifest)
    artifact.write_json(args.out / "golden" / "autoencoder.json", golden(path, net.embed.weight.numpy(), args.seed), indent=None)
    print(f"{path}: {manifest['training']}")


if __name__ == "__main__":
    main()
