"""``python -m opendeep``."""

from opendeep.cli import main

if __name__ == "__main__":
    main()
