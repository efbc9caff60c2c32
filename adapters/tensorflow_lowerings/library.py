"""TensorFlow and Keras as the adapter's modules name them.

They are untyped here: what checks types need not have them installed, and their own annotations
know neither of tensors of known shapes nor of functions that are found by name.
"""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read as it is imported

import tensorflow  # noqa: ICN001  pyright: ignore[reportMissingImports]
import tensorflow.experimental.numpy  # pyright: ignore[reportMissingImports]

tf: Any = tensorflow
tnp: Any = tensorflow.experimental.numpy
keras: Any = tf.keras

#: A tensor, in annotations.
Tensor = Any
