"""Times ONNX Runtime on the shipped models: one row at a time, one thread.

    python onnx.py MODELS PREFIX...

prints one line of JSON: CPU nanoseconds per call, by prefix and "forest".
"""

import json
import sys
import time

import numpy as np
import onnxruntime as ort

models, prefixes = sys.argv[1], sys.argv[2:]


def session(name):
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    return ort.InferenceSession(f"{models}/{name}.onnx", options, providers=["CPUExecutionProvider"])


def cost(run, times=400, rounds=9):
    """Median over rounds of the CPU time of a call."""
    taken = []
    for _ in range(rounds):
        begin = time.process_time_ns()
        for _ in range(times):
            run()
        taken.append((time.process_time_ns() - begin) / times)
    return sorted(taken)[rounds // 2]


with open(f"{models}/autoencoder.json") as f:
    manifest = json.load(f)
autoencoder, forest = session("autoencoder"), session("forest")
entry, vector = autoencoder.get_inputs()[0].name, forest.get_inputs()[0].name
with open(f"{models}/golden/forest.json") as f:
    rows = [np.array([g["x"]], dtype=np.float32) for g in json.load(f)]

result = {}
for prefix in prefixes:
    ids = np.zeros((1, manifest["length"]), dtype=np.int64)
    for i, c in enumerate(prefix[: manifest["length"]]):
        ids[0, i] = manifest["alphabet"].find(c) + 1 or len(manifest["alphabet"]) + 1
    result[prefix] = cost(lambda: autoencoder.run(None, {entry: ids}))
turn = iter(range(10**9))
result["forest"] = cost(lambda: forest.run(None, {vector: rows[next(turn) % len(rows)]}))
print(json.dumps(result))
