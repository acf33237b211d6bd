"""Writes `slo.yaml`, and the list of metrics in the documentation: `python -m infra.prometheus`."""

from infra.prometheus import reference, slo

if __name__ == "__main__":
    slo.FILE.write_text(slo.text())
    reference.FILE.write_text(reference.text(reference.FILE.read_text()))
    print(f"{slo.FILE} and the list in {reference.FILE} are written")
