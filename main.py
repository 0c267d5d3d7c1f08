"""A shim, so that ``python main.py`` starts OpenDeep from a clone."""

from opendeep.main import main

if __name__ == "__main__":
    main()
