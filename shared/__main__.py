"""`python -m shared` is the command `inkloop`, for where the script is not on the path."""

from shared.cli import main

main()
