"""The contract between the apps and whatever writes the answers."""
