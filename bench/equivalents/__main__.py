"""The command; see ``run``."""

from bench.equivalents.run import main

if __name__ == "__main__":
    main()
