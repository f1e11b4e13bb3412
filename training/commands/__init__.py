"""The sub-commands of the training room; nothing heavy is imported at the top of these modules."""
