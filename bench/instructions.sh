#!/bin/sh
# Instructions for each command, path, reply ... as valgrind's callgrind counts them; see instructions.py.
exec python3 "$(dirname "$0")/instructions.py" "$@"
