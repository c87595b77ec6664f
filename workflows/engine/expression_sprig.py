"""The part of Sprig that expressions may call as `sprig.name(…)`, and the names of all of Sprig.

Read by expression_builtins. Only pure functions whose result is the same on every run; random values, the clock, keys
and the file system are refused by name. Arguments of the wrong type are errors, an absent text is "". Source: Sprig
3.3.0 through util/expr/env/env.go.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from workflows.engine.expression_values import count, fetch, identical, is_number, text
from workflows.engine.gonumbers import to_float, to_int, truncate, wrap
from workflows.engine.gotext import SPACES, decode, encode, lower, quoted, shown, upper
from workflows.engine.regex import compiled

_NAMES = """
abbrev abbrevboth add add1 add1f addf adler32sum ago all any append atoi b32dec b32enc b64dec b64enc base bcrypt biggest
buildCustomCert camelcase cat ceil chunk clean coalesce compact concat contains date dateInZone dateModify date_in_zone
date_modify decryptAES deepCopy deepEqual default derivePassword dict dig dir div divf duration durationRound empty
encryptAES ext fail first float64 floor fromJson genCA genCAWithKey genPrivateKey genSelfSignedCert
genSelfSignedCertWithKey genSignedCert genSignedCertWithKey get getHostByName has hasKey hasPrefix hasSuffix hello
htmlDate htmlDateInZone htpasswd indent initial initials int int64 isAbs join kebabcase keys kindIs kindOf last list
lower max maxf merge mergeOverwrite min minf mod mul mulf mustAppend mustChunk mustCompact mustDateModify mustDeepCopy
mustFirst mustFromJson mustHas mustInitial mustLast mustMerge mustMergeOverwrite mustPrepend mustPush mustRegexFind
mustRegexFindAll mustRegexMatch mustRegexReplaceAll mustRegexReplaceAllLiteral mustRegexSplit mustRest mustReverse
mustSlice mustToDate mustToJson mustToPrettyJson mustToRawJson mustUniq mustWithout must_date_modify nindent nospace now
omit osBase osClean osDir osExt osIsAbs pick pluck plural prepend push quote randAlpha randAlphaNum randAscii randBytes
randInt randNumeric regexFind regexFindAll regexMatch regexQuoteMeta regexReplaceAll regexReplaceAllLiteral regexSplit
repeat replace rest reverse round semver semverCompare seq set sha1sum sha256sum sha512sum shuffle slice snakecase
sortAlpha split splitList splitn squote sub subf substr swapcase ternary title toDate toDecimal toJson toPrettyJson
toRawJson toString toStrings trim trimAll trimPrefix trimSuffix trimall trunc tuple typeIs typeIsLike typeOf uniq
unixEpoch unset until untilStep untitle upper urlJoin urlParse uuidv4 values without wrap wrapWith
"""
SPRIG_NAMES = frozenset(_NAMES.split())


def _text(value: object) -> str:
    return "" if value is None else text(value)


def _int(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"an integer is needed, not {shown(value)}")


def _list(value: object) -> list[Any]:
    if isinstance(value, list):
        return value
    raise ValueError(f"a list is needed, not {shown(value)}")


def _map(value: object) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise ValueError(f"a map is needed, not {shown(value)}")


def _empty(value: object) -> bool:
    return value is None or value is False or (is_number(value) and value == 0) or value in ("", [], {})


def _default(otherwise: object, value: object = None) -> object:
    return otherwise if _empty(value) else value


def _coalesce(*values: object) -> object:
    return next((value for value in values if not _empty(value)), None)


def _ternary(yes: object, no: object, condition: object) -> object:
    if not isinstance(condition, bool | None):
        raise ValueError(f"sprig.ternary needs true or false, not {shown(condition)}")
    return yes if condition else no


def _integer(value: object) -> int:
    """Convert as Sprig does: 0 for what is no number, a leading zero means octal."""
    if isinstance(value, bool) or value is None:
        return int(bool(value))
    if isinstance(value, str):
        digits = re.sub(r"\.0*$", "", value)
        octal = re.fullmatch(r"[+-]?0[0-7_]+", digits)
        try:
            number = int(digits, 8 if octal else 0)
        except ValueError:
            return 0
        return number if wrap(number) == number and digits == digits.strip() else 0
    return value if isinstance(value, int) else truncate(value) if isinstance(value, float) else 0


def _float(value: object) -> float:
    if isinstance(value, str):
        try:
            return to_float(value)
        except ValueError:
            return 0.0
    return float(value) if isinstance(value, int | float) else 0.0


def _atoi(value: object) -> int:
    try:
        return to_int(_text(value))
    except ValueError:
        return 0


def _join(glue: object, values: object) -> str:
    parts = values if isinstance(values, list) else [values]
    return _text(glue).join(shown(part) for part in parts if part is not None)


def _repeat(times: object, value: object) -> str:
    count(len(_text(value)) * max(_int(times), 0))
    return _text(value) * max(_int(times), 0)


def _trunc(length: object, value: object) -> str:
    whole_text, size = _text(value).encode(), _int(length)
    part = whole_text[size:] if size < 0 < len(whole_text) + size else whole_text if size < 0 else whole_text[:size]
    return part.decode(errors="replace")


def _split(separator: object, value: object) -> list[str]:
    whole, between = _text(value), _text(separator)
    return whole.split(between) if between else list(whole)


def _from_json(document: object) -> Any:
    try:
        return decode(_text(document))
    except ValueError:
        return None


def _from_base64(value: object) -> str:
    try:
        return base64.b64decode(_text(value), validate=True).decode(errors="replace")
    except binascii.Error as error:
        return f"illegal base64 data: {error}"


def _digest(algorithm: str) -> Callable[[object], str]:
    return lambda value: hashlib.new(algorithm, _text(value).encode(), usedforsecurity=False).hexdigest()


def _regex_find(pattern: object, value: object) -> str:
    found = compiled(_text(pattern)).search(_text(value))
    return str(found[0]) if found else ""


def _regex_replace(pattern: object, value: object, new: object) -> str:
    return str(compiled(_text(pattern)).sub(lambda _: _text(new), _text(value)))


def _dict(*pairs: object) -> dict[str, object]:
    padded = [*pairs, ""] if len(pairs) % 2 else list(pairs)
    return {shown(key): value for key, value in zip(padded[::2], padded[1::2], strict=True)}


def _unique(values: object) -> list[Any]:
    seen: list[Any] = []
    for value in _list(values):
        if not any(identical(value, other) for other in seen):
            seen.append(value)
    return seen


def _has(needle: object, values: object) -> bool:
    return values is not None and any(identical(needle, value) for value in _list(values))


def _rest(part: slice) -> Callable[[object], Any]:
    return lambda values: _list(values)[part] if _list(values) else None


def _edge(at: int) -> Callable[[object], Any]:
    return lambda values: fetch(values, at) if _list(values) else None


_MANY = 1_000
_ONE, _TWO, _THREE, _ANY = (1, 1), (2, 2), (3, 3), (0, _MANY)
SPRIG: dict[str, tuple[Callable[..., Any], int, int]] = {
    "trim": (lambda value: _text(value).strip(SPACES), *_ONE),
    "trimAll": (lambda cut, value: _text(value).strip(_text(cut)), *_TWO),
    "trimPrefix": (lambda part, value: _text(value).removeprefix(_text(part)), *_TWO),
    "trimSuffix": (lambda part, value: _text(value).removesuffix(_text(part)), *_TWO),
    "upper": (lambda value: upper(_text(value)), *_ONE),
    "lower": (lambda value: lower(_text(value)), *_ONE),
    "contains": (lambda part, value: _text(part) in _text(value), *_TWO),
    "hasPrefix": (lambda part, value: _text(value).startswith(_text(part)), *_TWO),
    "hasSuffix": (lambda part, value: _text(value).endswith(_text(part)), *_TWO),
    "replace": (lambda old, new, value: _text(value).replace(_text(old), _text(new)), *_THREE),
    "splitList": (_split, *_TWO),
    "join": (_join, *_TWO),
    "repeat": (_repeat, *_TWO),
    "trunc": (_trunc, *_TWO),
    "nospace": (lambda value: "".join(c for c in _text(value) if c not in SPACES), *_ONE),
    "quote": (lambda *values: " ".join(quoted(shown(v)) for v in values if v is not None), *_ANY),
    "squote": (lambda *values: " ".join(f"'{shown(v)}'" for v in values if v is not None), *_ANY),
    "default": (_default, 1, 2),
    "empty": (_empty, *_ONE),
    "coalesce": (_coalesce, *_ANY),
    "ternary": (_ternary, *_THREE),
    "toString": (shown, *_ONE),
    "toJson": (encode, *_ONE),
    "toPrettyJson": (lambda value: encode(value, indent=True), *_ONE),
    "toRawJson": (lambda value: encode(value, html=False), *_ONE),
    "fromJson": (_from_json, *_ONE),
    "b64enc": (lambda value: base64.b64encode(_text(value).encode()).decode(), *_ONE),
    "b64dec": (_from_base64, *_ONE),
    "sha1sum": (_digest("sha1"), *_ONE),
    "sha256sum": (_digest("sha256"), *_ONE),
    "int": (_integer, *_ONE),
    "int64": (_integer, *_ONE),
    "float64": (_float, *_ONE),
    "atoi": (_atoi, *_ONE),
    "list": (lambda *values: list(values), *_ANY),
    "dict": (_dict, *_ANY),
    "get": (lambda values, key: _map(values).get(_text(key), ""), *_TWO),
    "hasKey": (lambda values, key: _text(key) in _map(values), *_TWO),
    "first": (_edge(0), *_ONE),
    "last": (_edge(-1), *_ONE),
    "rest": (_rest(slice(1, None)), *_ONE),
    "initial": (_rest(slice(None, -1)), *_ONE),
    "has": (_has, *_TWO),
    "uniq": (_unique, *_ONE),
    "regexMatch": (lambda pattern, value: compiled(_text(pattern)).search(_text(value)) is not None, *_TWO),
    "regexFind": (_regex_find, *_TWO),
    "regexReplaceAllLiteral": (_regex_replace, *_THREE),
}
