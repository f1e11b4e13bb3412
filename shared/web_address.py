"""Addresses of servers as they may be shown: a user's name and password in them are not for others.

Such an address is used as it is and shown without them: on pages, in messages, in records of
answers and in metrics.
"""

from urllib.parse import urlsplit, urlunsplit


def shown_address(url: str) -> str:
    """The address without what stands before an `@` in its host part."""
    try:
        parts = urlsplit(url)
    except ValueError:
        # Not an address at all (an unclosed IPv6 bracket); what it hides cannot be told apart.
        return "…@" + url.rpartition("@")[2] if "@" in url else url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
