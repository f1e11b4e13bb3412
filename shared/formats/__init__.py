"""How each app asks, and what the model is to answer.

These modules are the one place where an app's prompt and the form of its answer are fixed. The
apps ask with them, the demo model is trained on them, and evaluation checks answers against them;
so a prompt cannot drift away from what the model has learned. Each has a `VERSION` that is part of
every recorded answer: a better prompt and a better model must not be confused.
"""
