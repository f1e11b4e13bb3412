"""The sub-commands of the shared room; nothing heavy is imported at the top of these modules."""
