"""The commands of `osteo`, a file each."""
