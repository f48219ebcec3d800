"""The program: ``python -m repro list``."""

import sys

from . import _repro


def main():
    sys.exit(_repro.program(["repro", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
