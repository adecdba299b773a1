"""Whether a training gave what is committed.

Compares the forests of a folder with a record of an earlier training on the same
logs: thresholds, and the scores of the rows that are recorded with them. Machines
differ in the last bit of a sum, so the same bytes are told but not demanded; another
order of rows, another seed or other code shows at once. --write makes the record.
"""

import argparse
import json
import pathlib

import numpy as np
import onnxruntime

import artifact

ROWS = 200  # recorded of each forest
THRESHOLD = 0.03  # by how much one may differ
SCORE = 0.03  # by how much scores may differ in the mean


def scores(path: pathlib.Path, rows: list[list[float]]) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(["probabilities"], {"x": np.array(rows, dtype=np.float32)})[0][:, 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=pathlib.Path, help="folder that a training has written")
    parser.add_argument("record", type=pathlib.Path, help="JSON file")
    parser.add_argument("--write", action="store_true", help="write the record")
    args = parser.parse_args()

    known = {} if args.write else json.loads(args.record.read_text())
    found = {}
    for name in ("forest", "joint"):
        path = args.models / f"{name}.onnx"
        thresholds = json.loads((args.models / f"{name}.json").read_text())["thresholds"]
        if args.write:
            golden = json.loads((args.models / "golden" / f"{name}.json").read_text())[:ROWS]
            found[name] = {"sha256": artifact.sha256(path), "thresholds": thresholds, "golden": golden}
            continue
        was = known[name]
        gap = np.abs(scores(path, [g["x"] for g in was["golden"]]) - [g["p"] for g in was["golden"]]).mean()
        moved = max(abs(thresholds[k] - was["thresholds"][k]) for k in thresholds)
        same = artifact.sha256(path) == was["sha256"]
        print(f"{name}: {'the same bytes' if same else 'other bytes'} as recorded, scores {gap:.4f} apart in the mean, thresholds {moved:.3f}")
        if gap > SCORE or moved > THRESHOLD:
            raise SystemExit(f"{args.record}: the training gives another {name} than was recorded; if that is meant, make train-sample RECORD=--write")
    if args.write:
        artifact.write_json(args.record, found, indent=None)


if __name__ == "__main__":
    main()
