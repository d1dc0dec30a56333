"""How PyTorch computes here: whole float32, no gradients, failures as one error."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from jpegqf.errors import DeviceError


@contextmanager
def computing() -> Iterator[None]:
    """Inference in whole float32, which a GPU's convolutions are not by default; DeviceError if the device fails."""
    cudnn, precision = torch.backends.cudnn, torch.get_float32_matmul_precision()
    same = {"enabled": cudnn.enabled, "benchmark": cudnn.benchmark, "deterministic": cudnn.deterministic}
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.inference_mode(), cudnn.flags(**same, allow_tf32=False):
            yield
    except RuntimeError as error:
        words = str(error).partition("\n")[0][:200]
        raise DeviceError(f"the device failed ({words}); --device cpu does the same, slower") from None
    finally:
        torch.set_float32_matmul_precision(precision)
