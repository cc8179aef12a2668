"""Bytes to text, whatever wrote them."""

from __future__ import annotations

import codecs
import re

from bot.errors import UnreadableDocumentError

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BINARY = (b"%PDF-", b"PK\x03\x04", b"\x89PNG", b"GIF8", b"\x1f\x8b", b"\x7fELF", b"\xff\xd8\xff")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_SAMPLE = 65_536
_GUESSES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "iso8859_2", "koi8_r", "cp850",
    "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "utf_16_le", "utf_16_be",
]  # fmt: skip

_IS_BINARY = "it is binary, not text; convert it or give it the suffix of its format."
_NO_ENCODING = "its character encoding is broken; save it as UTF-8."


def _utf16_without_mark(sample: bytes) -> str | None:
    """Latin text in UTF-16 has a NUL in every other byte."""
    if len(sample) < 4 or b"\x00" not in sample:
        return None
    half = max(len(sample) // 2, 1)
    even = sample[0::2].count(0) / half
    odd = sample[1::2].count(0) / half
    if odd > 0.6 and even < 0.05:
        return "utf-16-le"
    if even > 0.6 and odd < 0.05:
        return "utf-16-be"
    return None


def _guessed(content: bytes) -> str:
    from charset_normalizer import from_bytes  # 30 ms that most files do not need

    sample = content[:_SAMPLE]
    if sum(b >= 0x80 for b in sample) < 0.3 * len(sample) and _mostly_utf8(content):
        return content.decode("utf-8", errors="replace")
    best = from_bytes(sample, cp_isolation=_GUESSES, enable_fallback=False).best()
    for name in (best.encoding if best else None, "cp1252"):
        if name is None:
            continue
        try:
            return content.decode(name)
        except UnicodeDecodeError:
            continue
    raise UnreadableDocumentError(reason=_NO_ENCODING)


def _mostly_utf8(content: bytes) -> bool:
    """UTF-8 with a few broken places: many whole characters beyond ASCII for each broken one."""
    text = content.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    beyond = len(text) - len(text.encode("ascii", errors="ignore")) - broken
    return beyond > 8 * broken


def decode(content: bytes, declared: str = "") -> str:
    """The text of a file.

    A byte-order mark decides; then UTF-16 without a mark; then UTF-8; then the encoding that the
    file declares; then the code page that charset-normalizer finds likeliest. UTF-8 with a few
    broken places keeps the rest. Raises UnreadableDocumentError for binary content and for
    encodings that nothing fits.
    """
    for mark, name in _MARKS:
        if content.startswith(mark):
            try:
                return content[len(mark) :].decode(name)
            except UnicodeDecodeError as error:
                raise UnreadableDocumentError(reason=_NO_ENCODING) from error
    sample = content[:_SAMPLE]
    wide = _utf16_without_mark(sample)
    if wide:
        try:
            return content.decode(wide)
        except UnicodeDecodeError as error:
            raise UnreadableDocumentError(reason=_NO_ENCODING) from error
    if b"\x00" in sample or sample.startswith(_BINARY):
        raise UnreadableDocumentError(reason=_IS_BINARY)
    if len(_CONTROL.findall(sample)) > 0.02 * len(sample):
        raise UnreadableDocumentError(reason=_IS_BINARY)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _declared(content, declared) or _guessed(content)


def _declared(content: bytes, name: str) -> str:
    """The text in the declared encoding; empty where that does not fit."""
    try:
        return content.decode(name) if name and codecs.lookup(name)._is_text_encoding else ""
    except (LookupError, UnicodeDecodeError):
        return ""
