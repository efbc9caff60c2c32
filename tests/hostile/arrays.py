"""Files of arrays that are not what they say: small generators, each of the bytes of one file."""

import io
import random
import struct
import warnings
import zipfile

import numpy as np


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def headed(text, numbers=b"", version=(1, 0), length=None):
    """A file of that header's text, and so many bytes behind it."""
    width = "<H" if version == (1, 0) else "<I"
    raw = text.encode("utf-8") if isinstance(text, str) else text
    return (
        b"\x93NUMPY" + bytes(version) + struct.pack(width, len(raw) if length is None else length)
        + raw + numbers
    )  # fmt: skip


def said(descr="'<f8'", order="False", shape="(2,)", **more):
    extra = "".join(f", '{key}': {value}" for key, value in more.items())
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}{extra}}}\n"


def archive(*members, method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as made:
        for name, raw in members:
            made.writestr(name, raw)
    return stream.getvalue()


def patched(raw, what, by, count=-1):
    assert what in raw
    return raw.replace(what, by, count)


GOOD = npy(np.array([1.0, 2.0]))
ZIPPED = archive(("w.npy", GOOD))
PACKED = archive(("w.npy", npy(np.zeros(4096))), method=zipfile.ZIP_DEFLATED)
TWO = bytes(16)


def twice():
    """Two members of one name: whoever reads the first does not read what the other one reads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return archive(("w.npy", GOOD), ("w.npy", npy(np.array([3.0]))))


def flagged(flag):
    """Both headers of the member say so."""
    raw = bytearray(ZIPPED)
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(sign) + at] |= flag
    return bytes(raw)


def method(number):
    raw = bytearray(ZIPPED)
    for sign, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        raw[raw.index(sign) + at] = number
    return bytes(raw)


def directory(at, form, value, raw=ZIPPED):
    """One field of the member's entry in the directory."""
    raw = bytearray(raw)
    struct.pack_into(form, raw, raw.index(b"PK\x01\x02") + at, value)
    return bytes(raw)


def end(at, form, value):
    """One field of the directory's end."""
    raw = bytearray(ZIPPED)
    struct.pack_into(form, raw, raw.rindex(b"PK\x05\x06") + at, value)
    return bytes(raw)


def bomb():
    """Its header tells of two numbers, and four million follow."""
    raw = headed(said(shape="(2,)"), bytes(30_000_000))
    return archive(("w.npy", raw), method=zipfile.ZIP_DEFLATED)


def bomb_that_hides():
    """The directory tells of as few bytes as the header does; there are many more."""
    raw = headed(said(shape="(2,)"), bytes(30_000_000))
    size = len(raw) - 30_000_000 + 16
    return directory(24, "<I", size, archive(("w.npy", raw), method=zipfile.ZIP_DEFLATED))


#: Name of a file → its bytes; all but these few are at fault.
NPY = {
    "empty": b"",
    "magic": b"\x93NUMPY",
    "short": GOOD[:7],
    "shorter-header": GOOD[:40],
    "no-numbers": GOOD[:-16],
    "truncated": GOOD[:-1],
    "trailing": GOOD + b"\0",
    "version-0": headed(said(), TWO, (0, 0)),
    "version-4": headed(said(), TWO, (4, 0)),
    "version-255": headed(said(), TWO, (255, 255)),
    "text": b"just words, no array at all",
    "zip": ZIPPED,
    "gigabytes-of-header": headed("", b"", (2, 0), 2**32 - 1),
    "long-header": headed(said() + " " * 60_000, TWO),
    "header-beyond-end": headed(said(), b"", (1, 0), 4_000),
    "not-latin": headed(b"\xff\xfe" + said().encode(), TWO, (3, 0)),
    "no-dict": headed("[1, 2]\n", TWO),
    "no-literal": headed("__import__('os').system('true')\n", TWO),
    "call": headed(said(shape="tuple([2])"), TWO),
    "open": headed("{'descr': '<f8', \n", TWO),
    "null": headed(said() + "\0", TWO),
    "nested": headed("(" * 3_000 + "\n", TWO),
    "minuses": headed(said(shape="(" + "-" * 3_000 + "2,)"), TWO),
    "missing-key": headed("{'descr': '<f8', 'shape': (2,)}\n", TWO),
    "more-keys": headed(said(more="1"), TWO),
    "bytes-key": headed("{b'descr': '<f8', 'fortran_order': False, 'shape': (2,)}\n", TWO),
    "unhashable-key": headed("{[]: 1}\n", TWO),
    "shape-list": headed(said(shape="[2]"), TWO),
    "shape-number": headed(said(shape="2"), TWO),
    "shape-negative": headed(said(shape="(-2,)"), TWO),
    "shape-negatives": headed(said(shape="(-1, -2)"), TWO),
    "shape-float": headed(said(shape="(2.0,)"), TWO),
    "shape-bool": headed(said(shape="(True, 2)"), TWO),
    "shape-none": headed(said(shape="None"), TWO),
    "shape-text": headed(said(shape="('2',)"), TWO),
    "shape-huge": headed(said(shape=f"({10**18},)"), TWO),
    "shape-overflow": headed(said(shape=f"({2**40}, {2**40})"), TWO),
    "shape-wraps": headed(said(shape=f"({2**32}, {2**32}, 2)"), TWO),
    "shape-digits": headed(said(shape=f"({'9' * 3_000},)"), TWO),
    "shape-zero-huge": headed(said(shape=f"(0, {10**18})"), b""),
    "dimensions": headed(said(shape="(" + "1, " * 70 + ")"), bytes(8)),
    "order-number": headed(said(order="0"), TWO),
    "order-none": headed(said(order="None"), TWO),
    "object": headed(said("'|O'"), TWO),
    "unicode": npy(np.array(["ab", "cd"])),
    "bytes": npy(np.array([b"ab"])),
    "dates": headed(said("'<M8[s]'"), TWO),
    "spans": headed(said("'<m8'"), TWO),
    "void": headed(said("'|V8'"), TWO),
    "void-huge": headed(said("'|V999999'"), TWO),
    "records": npy(np.zeros(2, [("a", "f8")])),
    "records-nested": headed(said("[('a', [('b', '<f8')])]"), TWO),
    "descr-list": headed(said("['<f8']"), TWO),
    "descr-none": headed(said("None"), TWO),
    "descr-number": headed(said("8"), TWO),
    "descr-words": headed(said("'float64, float64'"), TWO),
    "descr-long": headed(said(f"'{'f' * 2_000}'"), TWO),
    "descr-escape": headed(said("'\\x1b[2J'"), TWO),
    "descr-f3": headed(said("'<f3'"), TWO),
    "descr-f0": headed(said("'<f0'"), TWO),
    "descr-i999999": headed(said("'<i999999'"), TWO),
    "descr-empty": headed(said("''"), TWO),
    "longdouble": npy(np.zeros(2, np.longdouble)),
    "clongdouble": npy(np.zeros(2, np.clongdouble)),
    "whole-beyond": npy(np.array([2**63], np.uint64)),
}
NPZ = {
    "two-of-a-name": twice(),
    "empty": b"",
    "text": b"no archive",
    "npy": GOOD,
    "truncated": ZIPPED[:-10],
    "half": ZIPPED[: len(ZIPPED) // 2],
    "end-alone": ZIPPED[ZIPPED.rindex(b"PK\x05\x06") :],
    "encrypted": flagged(1),
    "strongly-encrypted": flagged(0x41),
    "patched-data": flagged(0x20),
    "bzip2": archive(("w.npy", GOOD), method=zipfile.ZIP_BZIP2),
    "lzma": archive(("w.npy", GOOD), method=zipfile.ZIP_LZMA),
    "method-99": method(99),
    "deflated-says-it": method(8),
    "crc": directory(16, "<I", 12345),
    "corrupt": patched(ZIPPED, struct.pack("<d", 2.0), struct.pack("<d", 3.0)),
    "corrupt-packed": PACKED[:80] + b"\xff\xff\xff\xff" + PACKED[84:],
    "size-more": directory(24, "<I", 2**31),
    "size-less": directory(24, "<I", 10),
    "packed-size-less": directory(20, "<I", 10),
    "offset": directory(42, "<I", 2**31),
    "offset-inside": directory(42, "<I", 20),
    "members-more": end(10, "<H", 60_000),
    "directory-size": end(12, "<I", 2**31),
    "directory-offset": end(16, "<I", 2**31),
    "directory-wide": end(16, "<I", 2**32 - 1),
    "bomb": bomb(),
    "bomb-that-hides": bomb_that_hides(),
    "folder": archive(("w.npy/", b"")),
    "no-suffix": archive(("w", GOOD)),
    "no-members": archive(),
    "long-names": archive(*((f"{k}{'x' * 3000}.npy", GOOD) for k in range(60))),
    "escapes": archive(("\x1b[2J.npy", GOOD)),
    "inside-broken": archive(("w.npy", b"\x93NUMPY\x01\x00\xff")),
    "inside-empty": archive(("w.npy", b"")),
    "inside-truncated": archive(("w.npy", GOOD[:-1])),
    "inside-trailing": archive(("w.npy", GOOD + b"\0")),
    "inside-objects": archive(("w.npy", headed(said("'|O'"), TWO))),
    "inside-zip": archive(("w.npy", ZIPPED)),
    "wide": ZIPPED[: ZIPPED.rindex(b"PK\x05\x06")]
    + b"PK\x06\x07" + bytes(16) + ZIPPED[ZIPPED.rindex(b"PK\x05\x06") :],
}  # fmt: skip


#: What an archive says of itself is odd, and its numbers are the right ones.
ODD_NPZ = {
    "packed-size-more": directory(20, "<I", 2**31),
    "name-length": directory(28, "<H", 60_000),
    "extra-length": directory(30, "<H", 60_000),
    "version-needed": directory(6, "<H", 9_999),
}


def scrambled(raw, count, seed):
    """The same bytes with a few others in some places."""
    chance = random.Random(seed)  # noqa: S311  no secret
    for _ in range(count):
        found = bytearray(raw)
        for _ in range(chance.randint(1, 4)):
            found[chance.randrange(len(found))] = chance.randrange(256)
        yield bytes(found[: chance.choice([len(found), len(found), chance.randrange(len(found))])])
