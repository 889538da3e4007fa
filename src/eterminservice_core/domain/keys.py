"""
Keyed hashes: what may outlive the data it was made from.

A reservation outlives an erased practice, and a cap outlives a forgotten address.  Both
are kept under a pseudonym that only the holder of the key can make again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from attrs import field, frozen

from .errors import InvalidValueError


#: Bytes in a key: as many as SHA-256 gives back.
KEY_LENGTH = 32


def _keyed_hash(key: bytes, parts: tuple[str, ...]) -> str:
    """
    HMAC-SHA256 over parts, each with its length, so that no two lists look alike.
    """
    spelled = b"".join(
        len(encoded).to_bytes(4, "big") + encoded
        for encoded in (part.encode() for part in parts)
    )
    return hmac.new(key, spelled, hashlib.sha256).hexdigest()


@frozen(kw_only=True)
class Keys:
    """
    The secrets of one store.

    Attributes:
        pseudonyms: Key of what outlives data; it can never change while the store
            lives, or the 24-hour rule would forget.
        codes: Keys of confirmation codes, newest first.  To rotate, put a new one in
            front; drop the last one a day later, when its codes have expired.
    """

    pseudonyms: bytes = field(repr=False)
    codes: tuple[bytes, ...] = field(repr=False)

    def __attrs_post_init__(self) -> None:
        if not self.codes or any(
            len(key) < KEY_LENGTH for key in (self.pseudonyms, *self.codes)
        ):
            raise InvalidValueError(f"each key must have at least {KEY_LENGTH} bytes")

    @classmethod
    def generate(cls, token_bytes: Callable[[int], bytes]) -> Keys:
        """
        New keys from a source of randomness such as `secrets.token_bytes`.
        """
        return cls(pseudonyms=token_bytes(KEY_LENGTH), codes=(token_bytes(KEY_LENGTH),))

    @classmethod
    def parse(cls, text: str) -> Keys:
        """
        Read what `dump` wrote: lines ``pseudonyms HEX`` and ``code HEX``, newest first.

        Raises:
            InvalidValueError: The text is not of that form; it is not quoted.
        """
        pseudonyms: list[bytes] = []
        codes: list[bytes] = []
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            word, _, digits = line.partition(" ")
            try:
                {"pseudonyms": pseudonyms, "code": codes}[word].append(
                    bytes.fromhex(digits)
                )
            except (KeyError, ValueError):
                problem = f"line {number} must be 'pseudonyms HEX' or 'code HEX'"
                raise InvalidValueError(problem) from None
        if len(pseudonyms) != 1:
            raise InvalidValueError("there must be exactly one line 'pseudonyms HEX'")
        return cls(pseudonyms=pseudonyms[0], codes=tuple(codes))

    def dump(self) -> str:
        """
        The keys as text for a file that only its owner may read.
        """
        lines = [f"pseudonyms {self.pseudonyms.hex()}"]
        lines += [f"code {key.hex()}" for key in self.codes]
        return "\n".join(lines) + "\n"

    def pseudonym(self, *parts: str) -> str:
        """
        A name nobody without the key can trace back: 64 hexadecimal digits.
        """
        return _keyed_hash(self.pseudonyms, parts)

    def code_hash(self, *parts: str) -> str:
        """
        The hash to store of a code and of everything it is bound to (P6).
        """
        return _keyed_hash(self.codes[0], parts)

    def matches(self, code_hash: str, *parts: str) -> bool:
        """
        Whether a hash was made of these parts by any current key; in constant time.
        """
        verdicts = [
            hmac.compare_digest(code_hash, _keyed_hash(key, parts))
            for key in self.codes
        ]
        return any(verdicts)
