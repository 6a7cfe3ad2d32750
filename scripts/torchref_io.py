"""What the tests that hold our models against PyTorch share on its side: numbers that any language can make again, and files of tensors."""
import json, math, os, struct

import numpy as np
import torch

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def write(path, tensors):
    """Writes a safetensors file of float32 arrays, whole or not at all."""
    header, data, at = {}, [], 0
    for name, t in tensors.items():
        a = np.ascontiguousarray(t.detach().numpy() if torch.is_tensor(t) else t, dtype="<f4")
        header[name] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [at, at + a.nbytes]}
        data.append(a.tobytes())
        at += a.nbytes
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    path = os.path.join(ROOT, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".part", "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head + b"".join(data))
    os.replace(path + ".part", path)
    print(f"torchref: {os.path.relpath(path, ROOT)}: {len(tensors)} tensors, {os.path.getsize(path)} bytes")


def hashed(stream, n):
    """n numbers of 32 bits that any language can make again: an integer hash of (stream, place)."""
    x = np.arange(n, dtype=np.uint32) + np.uint32((0x9E3779B9 * (stream + 1)) & 0xFFFFFFFF)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def noise(stream, std, *shape):
    """Uniform numbers of that standard deviation."""
    u = hashed(stream, int(np.prod(shape))).astype(np.float64) / 2**32
    return torch.tensor(((2 * u - 1) * math.sqrt(3) * std).astype(np.float32).reshape(shape))


def fill(model, std=None):
    """Gives each parameter, in order, values that a test can make again: matrices noise, vectors 1 or 0, plus a little noise."""
    with torch.no_grad():
        for k, (name, p) in enumerate(model.named_parameters()):
            if p.dim() > 1:
                p.copy_(noise(k, std(name) if std else 1 / math.sqrt(p[0].numel()), *p.shape))
            else:
                p.copy_(noise(k, 0.1, *p.shape) + (1.0 if name.endswith("weight") else 0.0))
