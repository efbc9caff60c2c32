"""Runs snippets in this process, each in a namespace of its own, as if it had just been started.

Started by ``test_atlas.py`` with snippets as JSON on standard input; prints what each printed, or
raised, as JSON.
"""

import contextlib
import io
import json
import sys
import warnings

warnings.simplefilter("ignore")


def printed(snippet):
    """What a snippet prints; what it raises."""
    text = io.StringIO()
    try:
        with contextlib.redirect_stdout(text):
            exec(compile(snippet, "<snippet>", "exec"), {"__name__": "__main__"})  # noqa: S102
    except Exception as error:  # noqa: BLE001  it is what is asked for
        return {"raised": f"{type(error).__name__}: {error}"}
    finally:
        if "torch" in sys.modules:
            sys.modules["torch"].set_default_dtype(sys.modules["torch"].float32)
    return {"printed": text.getvalue()}


if __name__ == "__main__":
    json.dump([printed(snippet) for snippet in json.load(sys.stdin)], sys.stdout)
