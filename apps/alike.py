"""When two short texts say the same, under the name by which the apps ask."""

from shared.formats.alike import NEAR_DUPLICATE, alike, words

__all__ = ["NEAR_DUPLICATE", "alike", "words"]
