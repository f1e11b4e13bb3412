"""The storymaker: scenes, choices, and a tree of everything that was told."""
