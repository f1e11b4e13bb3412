"""The demo model: its words, its made-up conversations, its tokenizer, its training and its report.

Everything that `shared/demo` holds is made by this package from nothing: `inkloop demo-model build`.
"""
