"""Writes `slo.yaml`: `python -m infra.prometheus`."""

from infra.prometheus.slo import FILE, text

if __name__ == "__main__":
    FILE.write_text(text())
    print(f"{FILE} is written")
