"""`python -m norm_aware.cli`."""

from norm_aware.cli import main

if __name__ == "__main__":
    main()
