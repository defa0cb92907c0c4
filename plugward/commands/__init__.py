"""The commands, one file each; a group is a folder whose COMMANDS lists its own."""
