"""The demo model: its words, its conversations, its tokenizer, its training and its report.

All of `shared/demo` is made by this package from nothing: `inkloop demo-model build`.
"""
