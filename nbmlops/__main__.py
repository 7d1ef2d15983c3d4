"""`python -m nbmlops` is the `nbmlops` command."""

from nbmlops.doors.cli.main import main

main()
