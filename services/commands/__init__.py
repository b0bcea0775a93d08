"""The functions behind the command line, one file a command."""
