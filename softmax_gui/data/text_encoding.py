"""Which encoding the bytes of a text are in, where nothing in the file says so."""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ZERO_SHARE = 0.2  # of the units of UTF-16: digits and separators have a zero byte, Hangul has none
_SHOWN = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "cp949": "CP949",
    "latin-1": "Latin-1",
    "cp1252": "Windows-1252",
}


def guess_encoding(sample: bytes) -> tuple[str, bool]:
    """The codec for the start of a file, and whether that is sure rather than likely.

    UTF-8 where it decodes, UTF-16 by the places of its zero bytes, CP949 where that gives Hangul,
    else Latin-1 as Windows writes it.

    Args:
        sample: the first bytes, or later lines that are not UTF-8; the last may be cut.
    """
    for mark, codec in _MARKS:
        if sample.startswith(mark):
            return codec, True
    if b"\0" in sample:
        return _by_zeros(sample)
    if _decoded(sample, "utf-8") is not None or _mostly_utf_8(sample):
        return "utf-8", True
    korean = _decoded(sample, "cp949")
    if korean is not None and _is_korean(korean):
        return "cp949", False
    windows = any(0x80 <= byte < 0xA0 for byte in set(sample))
    return ("cp1252" if windows else "latin-1"), False


def chosen_encoding(encoding: str, head: bytes) -> str:
    """The codec for an encoding that the user named; UTF-16 without a mark gets its byte order."""
    codec = codecs.lookup(encoding).name
    if codec == "utf-16" and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        guess = _by_zeros(head)[0]
        return guess if guess.startswith("utf-16") else "utf-16-le"
    return "utf-8-sig" if codec == "utf-8" else codec


def encoding_name(codec: str) -> str:
    """A codec as people call it."""
    return _SHOWN.get(codec, codec.upper())


def _by_zeros(sample: bytes) -> tuple[str, bool]:
    units = max(len(sample) // 2, 1)
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    for codec, high, low in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        text = _decoded(sample, codec) if high > _ZERO_SHARE * units and 20 * low < high else None
        if text is not None and "\0" not in text:
            return codec, False
    return "utf-8", True  # which is then refused for its zero byte


def _mostly_utf_8(sample: bytes) -> bool:
    """Whether it is damaged UTF-8, which in another encoding would give garbled names."""
    text = sample.decode("utf-8", "replace")
    broken = text.count("\N{REPLACEMENT CHARACTER}")
    whole = sum(not character.isascii() for character in text) - broken
    return whole > 3 * broken


def _is_korean(text: str) -> bool:
    """Whether most of what is not ASCII is common Hangul: "Ä" and a letter make a rare syllable."""
    others = [character for character in text if not character.isascii()]
    # Python's codec spells a rare syllable in eight bytes.
    common = sum(
        "가" <= character <= "힣" and len(character.encode("euc-kr", "ignore")) == 2
        for character in others
    )
    return 2 * common > len(others)


def _decoded(sample: bytes, codec: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(codec)().decode(sample)  # not final: it may be cut
    except UnicodeError:
        return None
