#!/usr/bin/env bash
# A virtual environment for the client in Python (conformance/python) at .cache/python: `websockets` in the pinned version,
# held against its hashes. Tests that need it are skipped without, and say so; CI runs this, so that there nothing is skipped.
# Run again after .cache was removed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=.cache/python
wanted=conformance/python/requirements.txt
if [ -x "$target/bin/python" ] && cmp -s "$wanted" "$target/requirements.txt"; then
  echo 'python: installed'
  exit 0
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'python: 3.11 or newer is needed' >&2; exit 1; }
rm -rf "$target"
python3 -m venv "$target"
"$target/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$wanted"
cp "$wanted" "$target/requirements.txt"
echo "python: installed $("$target/bin/python" --version)"
