"""Every setting, with its default and unit. Environment variables `COUNTERSIGN_…`, nested by `__`."""
