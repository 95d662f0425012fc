"""``python -m iero`` is the command ``iero``."""

from iero.cli import main

if __name__ == "__main__":
    main()
