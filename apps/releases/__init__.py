"""What models have learned from flags: the releases, and how they are judged since."""
