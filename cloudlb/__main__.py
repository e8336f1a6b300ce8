"""`python -m cloudlb`: the same as the command `cloudlb`."""

from cloudlb.cli.main import main

main()
