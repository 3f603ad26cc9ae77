"""`python -m norm_aware.cli`."""

from norm_aware.cli import main

main()
