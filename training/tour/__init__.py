"""`inkloop tour`: the whole loop, twice, on the demo model, over the interfaces that people use."""
