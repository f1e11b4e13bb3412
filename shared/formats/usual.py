"""How the apps let a model draw, unless a person says otherwise; the demo model's report does too.

Chosen on the report's prompts: high enough that the same question has several answers, low enough
that the demo model keeps to its topic. A larger model minds these values less.
"""

from shared.engine.types import Sampling

BOLDER = 0.2
"""What a further try is drawn above the one before it, where a model only repeats itself."""

CHAT = Sampling(temperature=0.7)
CODE = Sampling(temperature=0.2, top_p=0.9)

SCENE = Sampling(temperature=0.6)
CHOICES = Sampling(temperature=0.7)

IDEAS = Sampling(temperature=0.5)
"""Of the first round; each further one is bolder."""
REFINED = Sampling(temperature=0.7)
JUDGED = Sampling(temperature=0.2)

POEM = Sampling(temperature=0.5, dry_multiplier=2.0, dry_allowed_length=4, dry_penalty_last_n=-1)
"""A line may begin like another (four tokens); going on like it costs more with every token."""
