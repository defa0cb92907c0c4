"""Which rooms must be covered to the last branch; run after the tests, on their coverage data."""

import sys

from coverage import Coverage

# Where a line that no test reaches decides who may charge.
FLOORS = {
    "certs/": 100.0,
    "authz/judgement.py": 100.0,
    "pki/authority/": 100.0,
    "pki/ocsp/": 100.0,
}


def main() -> int:
    """0 where every floor holds; otherwise 1, each miss on a line of its own."""
    coverage = Coverage()
    coverage.load()
    measured = coverage.get_data().measured_files()
    root = coverage.config.config_file.rsplit("/", 1)[0] if coverage.config.config_file else ""
    misses = []
    seen = dict.fromkeys(FLOORS, 0)
    for path in sorted(measured):
        name = path.removeprefix(root + "/")
        for prefix in FLOORS:
            if not name.startswith(prefix):
                continue
            seen[prefix] += 1
            numbers = coverage._analyze(path).numbers  # noqa: SLF001 - no public door to branches
            if numbers.pc_covered < FLOORS[prefix]:
                misses.append(f"{name}: {numbers.pc_covered:.2f} % of {FLOORS[prefix]:.0f} %")
    misses += [f"{prefix}: nothing was measured" for prefix, count in seen.items() if not count]
    for miss in misses:
        print(f"coverage: error: {miss}", file=sys.stderr)
    if misses:
        print("coverage: hint: make unit, then .venv/bin/coverage report -m", file=sys.stderr)
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
