"""The serving benchmark: what people wait for, measured from outside over HTTP.

Anything that speaks the OpenAI protocol can be measured, so Inkloop and a peer are measured by the
same code, in the same run, in turn. Every prompt begins with a word that was never sent before, so
no server answers from a cache; tokens are counted from `usage`.
"""
