"""The command; see ``run``."""

from bench.conditions.run import main

if __name__ == "__main__":
    main()
