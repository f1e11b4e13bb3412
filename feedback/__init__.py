"""The life of a flag: recorded, reviewed, curated, erased."""
