"""What the scrubber looks for: patterns, and the checks that tell a card from any other number.

Every pattern begins at a boundary, repeats a bounded number of times and can match a text in one
way only; so a megabyte of hostile text costs time in proportion to its length. The order matters:
what is certain (a key) goes before what is likely (a telephone number).
"""

import ipaddress
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass

Span = tuple[int, int]
"""Where the secret begins and ends in the text that was searched."""


def _whole(match: re.Match[str]) -> Span | None:
    """The group `secret` where the pattern has one, else all of the match."""
    return match.span("secret" if "secret" in match.re.groupindex else 0)


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret."""

    name: str
    """The placeholder without its brackets."""
    pattern: re.Pattern[str]
    span: Callable[[re.Match[str]], Span | None] = _whole
    """What of a match to replace; None when a closer look says that it is none."""
    again: bool = False
    """Whether a real one may begin inside what turned out to be none (a year before a card)."""


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _mixed(match: re.Match[str]) -> Span | None:
    """A made-up word for an example has no digits; what a machine or a careful person chose has."""
    secret = match["secret"]
    mixed = any(c.isdigit() for c in secret) and any(c.isalpha() for c in secret)
    return match.span("secret") if mixed else None


def _hyphened(match: re.Match[str]) -> Span | None:
    """Six pairs with hyphens are a list of numbers unless there is a letter."""
    return match.span() if any(c.isalpha() for c in match[0]) else None


def _card(match: re.Match[str]) -> Span | None:
    number = _digits(match[0])
    return match.span() if _BRANDS.fullmatch(number) and _luhn(number) else None


def _luhn(number: str) -> bool:
    total = 0
    for place, character in enumerate(reversed(number)):
        doubled = int(character) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _iban(match: re.Match[str]) -> Span | None:
    """An IBAN is as long as its country says; what follows is no longer part of it."""
    length = _IBAN_LENGTHS.get(match[0][:2], 0)
    taken, end = "", match.start()
    for offset, character in enumerate(match[0]):
        if len(taken) < length and character != " ":
            taken, end = taken + character, match.start() + offset + 1
    if not length or len(taken) < length or match.string[end : end + 1].isalnum():
        return None
    turned = taken[4:] + taken[:4]
    number = int("".join(str(int(character, 36)) for character in turned))
    return (match.start(), end) if number % 97 == 1 else None


def _ipv6(match: re.Match[str]) -> Span | None:
    groups = [group for group in match[0].split(":") if group]
    # Two groups round "::" are a slice or a C++ name far more often than a machine.
    if len(groups) < 3 or sum(map(len, groups)) < 8:
        return None
    return match.span() if _is_address(match[0]) else None


def _ipv4(match: re.Match[str]) -> Span | None:
    """Four numbers with dots are a version unless they look or are introduced like a machine."""
    if not _is_address(match[0]) or match[0].startswith(("127.", "0.", "255.")):
        return None
    before = match.string[max(0, match.start() - 24) : match.start()]
    after = match.string[match.end() : match.end() + 6]
    if _INTRODUCED.search(before) or _PORT_OR_NET.match(after):
        return match.span()
    if _VERSION.search(before):
        return None
    octets = [int(octet) for octet in match[0].split(".")]
    private = octets[0] == 10 or octets[:2] == [192, 168]
    large = sum(octet > 31 for octet in octets)
    return match.span() if private or octets[0] > 31 or large >= 2 else None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _international(match: re.Match[str]) -> Span | None:
    number = _digits(match[0]).removeprefix("00")
    known = _COUNTRY_CODES.match(number)
    fits = len(number) == 11 if number.startswith("1") else 8 <= len(number) <= 15
    return match.span() if known and fits else None


def _national(match: re.Match[str]) -> Span | None:
    """A leading zero, at least one gap near the front, and neither a date nor a list."""
    groups = re.findall(r"\d+", match[0])
    if len(groups) < 2 or len(groups[0]) > 5 or min(map(len, groups)) < 2:
        return None
    steps = {int(right) - int(left) for left, right in itertools.pairwise(groups)}
    if _DATE.match(match[0]) or (len(groups) > 2 and len(steps) == 1):
        return None
    return match.span() if 9 <= len("".join(groups)) <= 12 else None


_BRANDS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|35\d{14}|6(?:011|5\d\d|4[4-9]\d)\d{12}|62\d{14,17}"
)
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL", 19: "MK SI", 20: "AT BA EE KZ LT LU XK",
        21: "CH CR HR LI LV", 22: "BG BH DE GB GE IE ME RS", 23: "AE IL IQ TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "PT ST", 26: "IS TR", 27: "FR GR IT MC SM",
        28: "AL AZ BY CY DO GT HU LB PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU", 31: "MT SC",
        32: "LC",
    }.items()
    for country in countries.split()
}  # fmt: skip
_COUNTRY_CODES = re.compile(
    r"1|7|2[07]|2[1-689]\d|3[0-469]|3[578]\d|4[013-9]|42\d|5[1-8]|5[09]\d|6[0-6]|6[789]\d"
    r"|8[1246]|8[058]\d|87\d|9[0-58]|9[679]\d"
)
_DATE = re.compile(r"[0-3]?\d[-/ ][01]?\d[-/ ](?:19|20)\d\d")
_INTRODUCED = re.compile(
    r"(?i)(?:://|@|\b(?:ip|ips|ipv4|host|server|address|adresse|ping|ssh|gateway|dns|nameserver)"
    r"(?:\s(?:is|are|was|ist))?[\s:=\"']{1,4})$"
)
_PORT_OR_NET = re.compile(r":\d{2,5}|/\d{1,2}(?!\d)")
_VERSION = re.compile(r"(?i)(?:\bv|version|release|build|[=<>~^]=?|[a-z]-)[\s:\"']{0,3}$")

_KEYS = re.compile(
    r"""(?<![A-Za-z0-9_-])(?:
      hf_[A-Za-z0-9]{20,80}
    | gh[pousr]_[A-Za-z0-9]{30,255} | github_pat_[A-Za-z0-9_]{40,255} | glpat-[A-Za-z0-9_-]{20,80}
    | sk-[A-Za-z0-9_-]{20,255} | [sr]k_(?:live|test)_[A-Za-z0-9]{16,255}
    | (?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{16}
    | AIza[0-9A-Za-z_-]{35} | ya29\.[0-9A-Za-z_-]{20,255}
    | xox[abeoprs]-[0-9A-Za-z-]{10,255} | npm_[A-Za-z0-9]{36} | pypi-[A-Za-z0-9_-]{50,255}
    | dop_v1_[a-f0-9]{64} | shp(?:at|ca|pa|ss)_[a-f0-9]{32} | dapi[a-f0-9]{32}
    | hv[sb]\.[A-Za-z0-9_-]{24,255} | SK[a-f0-9]{32} | GOCSPX-[A-Za-z0-9_-]{20,80}
    | \d{8,10}:AA[A-Za-z0-9_-]{33}
    | https://hooks\.slack\.com/services/[A-Za-z0-9/_-]{20,100}
    | https://(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_-]{40,100}
    | SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}
    | eyJ[A-Za-z0-9_-]{8,2048}\.eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,1024}
    )(?![A-Za-z0-9])""",
    re.VERBOSE,
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,9} ){0,3}PRIVATE KEY(?: BLOCK)?-----[^-]{0,20000}"
    r"(?:-----END (?:[A-Z0-9]{1,9} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?"
)
_BEARER = re.compile(r"(?i)\bbearer (?P<secret>[a-z0-9._~+/-]{20,2048}={0,2})")
_BASIC = re.compile(
    r"(?i)authorization[\"']?\s{0,2}[:=]\s{0,2}[\"']?basic (?P<secret>[a-z0-9+/]{8,1024}={0,2})"
)
_ACCOUNT_KEY = re.compile(
    r"(?i)account_?key[\"']?\s{0,2}[=:]\s{0,2}[\"']?(?P<secret>[a-z0-9+/]{40,128}={0,2})"
)
_CALLED = (
    "passw(?:or)?d|passwd|pwd|passphrase|client_?secret|secret_?key|api_?key|auth_?token"
    "|access_?token"
)
# In quotes under any name; without quotes only as environment variables are written.
_QUOTED = re.compile(
    rf"(?i)(?:{_CALLED})[\"']?\s{{0,2}}[:=]\s{{0,2}}([\"'])(?P<secret>[^\s\"'<>]{{8,128}})\1"
)
_VARIABLE = re.compile(
    rf"(?m)^(?:export )?[A-Z0-9_]{{0,40}}(?:{_CALLED.upper()})"
    r"=(?P<secret>[^\s\"'<>${}()]{8,128})$"
)
_AWS_SECRET = re.compile(
    r"(?i)secret_?access_?key[\"']?\s{0,3}[=:]\s{0,3}[\"']?"
    r"(?P<secret>[a-z0-9/+]{40})(?![a-z0-9/+])"
)
_URL_LOGIN = re.compile(r"(?<=://)[^\s/:@\"'<>\[]{0,64}:[^\s/:@\"'<>]{1,128}(?=@)")
# Not followed by "(": in code, `w@x.mean()` is a product of matrices. `git@host` is everybody.
_MAIL = re.compile(
    r"(?<![\w.+%-])(?!git@)\w[\w.+%'-]{0,63}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w(-])"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}")
_CARD = re.compile(r"(?<![\w.+-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)")
_MAC = re.compile(r"(?<![\w:-])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:-])")
_MAC_HYPHENS = re.compile(r"(?<![\w:-])(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}(?![\w:-])")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{1,4}(?:::?[0-9A-Fa-f]{1,4}){2,7}(?:::)?(?![\w:])")
_IPV4 = re.compile(r"(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d)")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
# Gaps inside a telephone number; also the no-break spaces and hyphen that word processors put in.
_INTERNATIONAL = re.compile(
    "(?<![\\w+])(?:\\+|00)[1-9](?:[ ./()\u00a0\u202f\u2011-]{0,3}\\d){7,14}(?![\\w])"
)
_AMERICAN = re.compile(
    r"(?<![\w.+-])(?:1[ .-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])\d{3}[ .-]\d{4}(?![\w-]|\.\d)"
)
_NATIONAL = re.compile(
    r"(?<![\w.+,:/-])\(?0[1-9](?:[ ()/\u00a0\u202f-]{0,3}\d){7,10}(?![\w-]|[.,:/]\d)"
)
_NAMED = re.compile(
    r"(?i)\b(?:phone|telephone|tel|telefon|mobile|mobil|handy|whatsapp|fax|tlf|tfno|t[eé]l[eé]phone)"
    r"(?:\.? (?:number|no|nr))?(?:[.:]{1,2}| is| at)\s{0,2}"
    r"(?P<secret>\d(?:[ ()./-]{0,2}\d){6,14})(?!\w)"
)

RULES = (
    Rule("private key", _PRIVATE_KEY),
    Rule("key", _KEYS),
    Rule("key", _BEARER),
    Rule("key", _BASIC),
    Rule("key", _AWS_SECRET),
    Rule("key", _ACCOUNT_KEY),
    Rule("key", _QUOTED, _mixed),
    Rule("key", _VARIABLE, _mixed),
    Rule("login", _URL_LOGIN),
    Rule("mail", _MAIL),
    Rule("iban", _IBAN, _iban, again=True),
    Rule("card", _CARD, _card, again=True),
    Rule("phone", _INTERNATIONAL, _international),
    Rule("mac", _MAC),
    Rule("mac", _MAC_HYPHENS, _hyphened),
    Rule("ip", _IPV6, _ipv6),
    Rule("ip", _IPV4, _ipv4),
    Rule("ssn", _SSN),
    Rule("phone", _NAMED),
    Rule("phone", _AMERICAN),
    Rule("phone", _NATIONAL, _national),
)
