"""Which rooms must be covered to the last branch; run after the tests, on their coverage data."""

import json
import subprocess
import sys

# Where a line that no test reaches decides who may charge, or what is signed.
FLOORS = {
    "certs/": 100.0,
    "authz/judgement.py": 100.0,
    "pki/authority/": 100.0,
    "pki/ocsp/": 100.0,
}


def main() -> int:
    """0 where every floor holds; otherwise 1, each miss on a line of its own."""
    command = [sys.executable, "-m", "coverage", "json", "--quiet", "-o", "-"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    misses = []
    for prefix, floor in FLOORS.items():
        measured = {n: f for n, f in report["files"].items() if n.startswith(prefix)}
        if not measured:
            misses.append(f"{prefix}: nothing was measured")
        for name, file in sorted(measured.items()):
            covered = file["summary"]["percent_covered"]
            if covered < floor:
                lines = file["missing_lines"] + file["missing_branches"]
                misses.append(f"{name}: {covered:.2f} % of {floor:.0f} %, missing {lines}")
    for miss in misses:
        print(f"coverage: error: {miss}", file=sys.stderr)
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
