"""Texts on which tokenizers go apart, since llama.cpp splits text by code of its own.

A fixed part, and a drawn one that puts the same pieces next to each other in every way. The draw is
seeded, so two machines check the same texts.
"""

import random

PIECES = (
    *("Hello world", " leading", "trailing ", "don't", "I'M", "WE'LL", "she'D've", "rock 'n' roll"),
    *("1", "12", "123", "1234", "1234567", "3.1415", "1,000,000", "v2.0-rc1", "٣٤٥", "½", "²"),
    *("\n", "\r\n", "\n\n\n", " \n ", "\t", "\t\t", "   ", " " * 33, "\u00a0", "\u3000", "\u200b"),
    *("naïve café", "cafe\u0301", "Cửa Việt", "Straße", "ÅÅ", "I\u0307", "ﬁ", "ﷺ", "ǅ"),
    *(
        "你好,世界",
        "こんにちは",
        "한국어 텍스트",
        "Привет",
        "שלום",
        "مرحبا",
        "नमस्ते",
        "ภาษาไทย",
        "ខ្មែរ",
    ),
    *(
        "🙂",
        "👩‍👩‍👧‍👦",
        "🏳️‍🌈",
        "🇩🇪",
        "👍🏽",
        "\ufe0f",
        "\u0301",
        "\ufeff",
        "\u202e",
        "\x00",
        "\x1b[0m",
        "\x7f",
    ),
    *("------", "=" * 40, "*" * 35, "...", "……", "!!??", "``` ```", "'''", '"""', "///", "\\\\"),
    *("def f(x):\n    return x ** 2\n", "<div class='a'>", "a_b-c.d@e.fr", "https://x.y/?q=%20#z"),
    *("{{ braces }}", "{% raw %}", "$\\frac{a}{b}$", "C:\\new\\table", "SELECT * FROM t;--"),
    *("<s>", "</s>", "<unk>", "[INST]", "<|im_start|>", "<|eot_id", "|>", "<||>", "\U0010ffff"),
)
DRAWN = 250


def hard_strings() -> list[str]:
    """Every piece alone, and `DRAWN` texts of two to six pieces."""
    draw = random.Random(20)  # noqa: S311 - which texts, not a secret
    mixed = ["".join(draw.choices(PIECES, k=draw.randint(2, 6))) for _ in range(DRAWN)]
    return ["", *PIECES, *mixed]
