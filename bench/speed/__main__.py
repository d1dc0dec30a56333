"""The command; see ``run``."""

from bench.speed.run import main

if __name__ == "__main__":
    main()
