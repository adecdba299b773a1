"""How a random forest leaves training: as ONNX, with golden vectors, and with the
benign ranges of its features."""

import argparse
import pathlib

import numpy as np
import onnx
import onnxruntime
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import RandomForestClassifier

import artifact

OPSET = {"": 15, "ai.onnx.ml": 1}
GOLDEN = 2400  # rows that the Go code is compared with ONNX Runtime on
TOOLS = ("scikit-learn", "skl2onnx", "onnx", "onnxruntime", "numpy")


def arguments(doc: str, rows: str) -> argparse.ArgumentParser:
    """What a trainer of a forest is told."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=pathlib.Path, help=rows)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder of the model")
    parser.add_argument("--data", required=True, help="what the rows are, for the manifest")
    parser.add_argument("--suffix-list", required=True, help="version of the Public Suffix List that cut the names, for the manifest")
    parser.add_argument("--seed", type=int, default=1)
    return parser


def save(args: argparse.Namespace, name: str, forest: RandomForestClassifier, rows, manifest: dict, held_out: dict[str, int]) -> None:
    """Writes model, manifest and golden vectors. The manifest has threshold, floor and
    benign ranges; the rest is added here."""
    path = args.out / f"{name}.onnx"
    export(forest, len(rows.features), path)
    training = {
        "data": args.data,
        "rows": len(rows.label),
        "composed": round(float(rows.composed.mean()), 4),
        "trees": len(forest.estimators_),
        "seed": args.seed,
        "held_out": held_out,
    }
    manifest = {"features": rows.features} | manifest | {"suffix_list": args.suffix_list, "sha256": artifact.sha256(path)}
    artifact.write_json(args.out / f"{name}.json", manifest | {"training": training, "versions": artifact.versions(*TOOLS)})
    artifact.write_json(args.out / "golden" / f"{name}.json", golden(forest, rows.x, path, args.seed), indent=None)
    importance = sorted(zip(forest.feature_importances_, rows.features), reverse=True)
    print("\n" + ", ".join(f"{feature} {share:.3f}" for share, feature in importance))


def ranges(features: list[str], x: np.ndarray, weights: np.ndarray) -> dict[str, dict[str, float]]:
    """The 5th percentile of each feature, the median and the 95th."""
    order = np.argsort(x, axis=0)
    w = weights[order]
    ranks = np.cumsum(w, axis=0) / w.sum(axis=0)
    found = {}
    for i, name in enumerate(features):
        low, median, high = (x[order[np.searchsorted(ranks[:, i], q), i], i] for q in (0.05, 0.5, 0.95))
        found[name] = {"low": float(str(low)), "median": float(str(median)), "high": float(str(high))}
    return found


def export(forest: RandomForestClassifier, features: int, path: pathlib.Path) -> None:
    """Writes the forest without ZipMap and checks every threshold in it: the
    largest float32 that is not above the float64 one, so that a float32 feature
    goes the way it goes here."""
    model = to_onnx(
        forest,
        initial_types=[("x", FloatTensorType([None, features]))],
        options={id(forest): {"zipmap": False}},
        target_opset=OPSET,
    )
    attributes = {a.name: a for a in model.graph.node[0].attribute}
    written = np.array(attributes["nodes_values"].floats, dtype=np.float32)
    branch = np.array([m == b"BRANCH_LEQ" for m in attributes["nodes_modes"].strings])
    exact = np.concatenate([t.tree_.threshold[t.tree_.children_left >= 0] for t in forest.estimators_])
    nearest = exact.astype(np.float32)
    below = np.where(nearest > exact, np.nextafter(nearest, np.float32(-np.inf)), nearest)
    if not np.array_equal(np.sort(written[branch]), np.sort(below)):
        raise SystemExit("skl2onnx rounded a threshold the wrong way")
    weigh(model.graph.node[0], forest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed(model))


def packed(model: onnx.ModelProto) -> bytes:
    """The file, with the numbers of an attribute one after the other. onnx writes a tag
    before each; readers of protobuf take both, but Go's reads this in half the time."""
    file = descriptor_pb2.FileDescriptorProto()
    model.DESCRIPTOR.file.CopyToProto(file)
    attribute = next(m for m in file.message_type if m.name == "AttributeProto")
    for field in attribute.field:
        if field.name in ("ints", "floats"):
            field.options.packed = True
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    writer = message_factory.GetMessageClass(pool.FindMessageTypeByName(model.DESCRIPTOR.full_name))
    return writer.FromString(model.SerializeToString()).SerializeToString(deterministic=True)


def weigh(node: onnx.NodeProto, forest: RandomForestClassifier) -> None:
    """Writes the weight of the training rows that come to each node into
    nodes_hitrates: with them the mean of a node follows from its leaves, and so
    what each split adds to a score."""
    attributes = {a.name: a for a in node.attribute}
    trees = attributes["nodes_treeids"].ints
    hits = [forest.estimators_[t].tree_.weighted_n_node_samples[n] for t, n in zip(trees, attributes["nodes_nodeids"].ints)]
    node.attribute.remove(attributes["nodes_hitrates"])
    node.attribute.append(onnx.helper.make_attribute("nodes_hitrates", [float(np.float32(h)) for h in hits]))


def golden(forest: RandomForestClassifier, x: np.ndarray, path: pathlib.Path, seed: int) -> list[dict]:
    """Rows and their probability by ONNX Runtime: real ones, and a third moved
    exactly onto a split. Stops if ONNX Runtime and scikit-learn disagree."""
    rng = np.random.default_rng(seed)
    picked = x[rng.choice(len(x), GOLDEN, replace=len(x) < GOLDEN)]
    for i in range(2 * GOLDEN // 3, GOLDEN):
        tree = forest.estimators_[rng.integers(len(forest.estimators_))].tree_
        for node in rng.permutation(np.flatnonzero(tree.feature >= 0))[:3]:
            picked[i, tree.feature[node]] = np.float32(tree.threshold[node])
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    probabilities = session.run(["probabilities"], {"x": picked})[0][:, 1]
    gap = np.abs(probabilities - forest.predict_proba(picked)[:, 1]).max()
    if gap > 1e-5:
        raise SystemExit(f"ONNX Runtime and scikit-learn differ by {gap}")
    # str of a float32 is its shortest exact form
    return [{"x": [float(str(v)) for v in row], "p": float(p)} for row, p in zip(picked, probabilities)]
