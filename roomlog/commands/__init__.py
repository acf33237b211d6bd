"""The commands of the command line, one file a group; `roomlog.cli` imports each only when called."""
