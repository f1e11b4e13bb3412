"""Poems in a form, with a report on every line."""
