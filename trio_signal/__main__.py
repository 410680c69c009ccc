"""`python -m trio_signal` is the console script `trio-signal`."""

from trio_signal.cli import main

if __name__ == "__main__":
    main()
