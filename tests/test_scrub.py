"""The scrubber takes secrets out and leaves the rest alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.scrub import scrub, scrub_all

SECRETS = [
    # keys and tokens; made up, put together here so that no scanner takes them for real ones
    ("token hf_" + "aBcDeFgHiJ" * 3 + " works", "token [key] works"),
    ("ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8", "[key]"),
    ("github_pat_" + "11ABCDEFG0" * 5, "[key]"),
    ("glpat-" + "abcdefghij1234567890", "[key]"),
    ('OPENAI="sk-proj-' + "a1b2c3d4e5" * 4 + '"', 'OPENAI="[key]"'),
    ("sk-ant-api03-" + "Zz9_-" * 10, "[key]"),
    ("sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc", "[key]"),
    ("AKIA" + "IOSFODNN7EXAMPLE", "[key]"),
    ("aws_secret_access_key = " + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
     "aws_secret_access_key = [key]"),
    ("AIza" + "SyA1234567890abcdefghijklmnopqrstuv", "[key]"),
    ("xoxb-" + "123456789012-abcdefABCDEF", "[key]"),
    ("npm_" + "abcdefghij" * 3 + "klmnop", "[key]"),
    ("Authorization: Bearer " + "abc.def-ghi_jkl~mno+pqr", "Authorization: Bearer [key]"),
    ("eyJhbGciOiJIUzI1" + ".eyJzdWIiOiIxMjM0NTY3" + ".SflKxwRJSMeKKF2QT4", "[key]"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----\nbye",
     "[private key]\nbye"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk", "[private key]"),
    ("postgres://admin:s3cret@db.internal/x", "postgres://[login]@db.internal/x"),
    # mail
    ("write to jane.doe+news@mail.example.co.uk.", "write to [mail]."),
    ("<müller@bücher.example>", "<[mail]>"),
    ("mailto:x_y@sub-domain.example.org?subject=hi", "mailto:[mail]?subject=hi"),
    ("'who@example.com'", "'[mail]'"),
    # IBANs: Germany, Britain, France, the Netherlands, Belgium, Norway, Malta, Spain, Switzerland
    ("DE89 3704 0044 0532 0130 00", "[iban]"),
    ("DE89370400440532013000 please", "[iban] please"),
    ("GB82 WEST 1234 5698 7654 32 IS MINE", "[iban] IS MINE"),
    ("FR14 2004 1010 0505 0001 3M02 606", "[iban]"),
    ("NL91ABNA0417164300", "[iban]"),
    ("BE68 5390 0754 7034", "[iban]"),
    ("NO93 8601 1117 947", "[iban]"),
    ("MT84 MALT 0110 0001 2345 MTLC AST0 01S", "[iban]"),
    ("ES91 2100 0418 4502 0005 1332", "[iban]"),
    ("CH93 0076 2011 6238 5295 7", "[iban]"),
    # cards: Visa, Mastercard old and new, Amex, Discover, JCB, Diners
    ("4111 1111 1111 1111", "[card]"),
    ("5555-5555-5555-4444", "[card]"),
    ("2223003122003222", "[card]"),
    ("3782 822463 10005", "[card]"),
    ("6011111111111117", "[card]"),
    ("3530111333300000", "[card]"),
    ("since 2024 4111 1111 1111 1111", "since 2024 [card]"),
    # machines
    ("ssh root@203.0.113.77", "ssh root@[ip]"),
    ("from 192.168.178.21 to 10.0.0.5", "from [ip] to [ip]"),
    ("the server is 5.9.8.7", "the server is [ip]"),
    ("http://8.8.4.4:8080/x", "http://[ip]:8080/x"),
    ("2001:db8::8a2e:370:7334", "[ip]"),
    ("fe80:0:0:0:1ff:fe23:4567:890a", "[ip]"),
    ("hw 00:1B:44:11:3A:B7", "hw [mac]"),
    # telephones: Germany, Britain, France, the US, Japan, India, Brazil, Australia, Italy, Korea
    ("+49 151 12345678", "[phone]"),
    ("+4915112345678", "[phone]"),
    ("0151 12345678", "[phone]"),
    ("(030) 123 456 78", "[phone]"),
    ("+44 (0)20 7946 0958", "[phone]"),
    ("020 7946 0958", "[phone]"),
    ("06 12 34 56 78", "[phone]"),
    ("+33 6 12 34 56 78", "[phone]"),
    ("call 555-123-4567 now", "call [phone] now"),
    ("(212) 555-0199", "[phone]"),
    ("+1 (415) 555-2671", "[phone]"),
    ("1-800-555-0199", "[phone]"),
    ("090-1234-5678", "[phone]"),
    ("+91 98765 43210", "[phone]"),
    ("+55 11 91234-5678", "[phone]"),
    ("0412 345 678", "[phone]"),
    ("+39 06 6982", "[phone]"),
    ("+39 06 698 83145", "[phone]"),
    ("02-312-3456", "[phone]"),
    ("Tel.: 612 345 678", "Tel.: [phone]"),
    ("my phone number is 5551234", "my phone number is [phone]"),
    ("ssn 078-05-1120", "ssn [ssn]"),
]  # fmt: skip

CLEAN = [
    "version 1.2.3.4 and v10.20.30.40",
    "pip install torch==2.13.0.1",
    "Chrome/120.0.6099.109",
    "1.2.3.4",
    "listen on 127.0.0.1 or 0.0.0.0",
    "x = a[::2] + b[1::2]",
    "std::vector<int>::iterator",
    "face::beef",
    "at 12:30:45 on 2024-01-02",
    "2024-01-02 03:04:05",
    "01-02-2024 10:11",
    "09-17-2024 08",
    "01 02 03 04 05 06",
    "05 10 15 20 25",
    "@app.route('/x')",
    "y = w@x.mean()",
    "git@github.com:owner/repo.git",
    "lodash@4.17.21",
    "1234567890123456",
    "9781234567897",
    "1700000000000",
    "3.141592653589793",
    "0.1234567890123",
    "1e-1234567890",
    "0x4111111111111111",
    "id = 550e8400-e29b-41d4-a716-446655440000",
    "sha256 " + "0123456789abcdef" * 4,
    "    if a - b > 100:\n        return 200 + 300",
    "10 20 30 40 50 60 70 80",
    "1,234,567,890 people",
    "Call me Ishmael.",
    "phone 3 is better than phone 2",
    "the sk-learn package, hf_hub_download and ghp_ prefixes",
    "AB12 is a seat, GB82 a postcode",
    "http://example.org:8080/path?a=1&b=2",
    "ISBN 978-3-16-148410-0",
    "§ 12 Abs. 3, 100 km/h, 5–10 %",
    "bearer of bad news",
    "row 1: 0.5 1.5 2.5",
    "+1 for that, +12345 points",
    "def f(x: int) -> str: ...",
    "RTL: שלום עולם and مرحبا",
    "sum += 1; i++; --j;",
    "00:00:00 and 23:59",
    "def0123 abc:def:0",
]


@pytest.mark.parametrize(("text", "clean"), SECRETS)
def test_secrets_become_placeholders(text, clean):
    assert scrub(text).text == clean


@pytest.mark.parametrize("text", CLEAN)
def test_what_is_no_secret_stays(text):
    found = scrub(text)
    assert (found.text, found.counts) == (text, {})


def test_counts_say_what_was_taken_out():
    texts, redaction = scrub_all(["a@b.org and c@d.org", "call (212) 555-0199", "nothing"])
    assert texts == ["[mail] and [mail]", "call [phone]", "nothing"]
    assert redaction.counts == {"mail": 2, "phone": 1}


@given(st.text(alphabet=st.sampled_from(list("a@.:+-0149 []()/hfskGB\n")), max_size=80))
def test_scrubbing_twice_changes_nothing(text):
    once = scrub(text).text
    assert scrub(once).text == once


@given(st.text())
def test_any_text_can_be_scrubbed(text):
    scrub(text)


@pytest.mark.parametrize("piece", ["a", "1 ", "a@", "+1", "AA11", "0:", "::", "eyJa.", "tel: 1"])
def test_a_long_hostile_text_is_scrubbed(piece):
    scrub(piece * (300_000 // len(piece)))
