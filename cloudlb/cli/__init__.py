"""The command line: one module a command. Importing it imports no SDK and no pipeline.

A command's module holds its options and its help; what it needs for its work is imported when it runs, so that
`cloudlb --help` answers at once.
"""
