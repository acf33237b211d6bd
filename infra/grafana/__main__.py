"""Writes the dashboards: `python -m infra.grafana`."""

from infra.grafana.files import FOLDER, texts

if __name__ == "__main__":
    for name, text in texts().items():
        (FOLDER / name).write_text(text)
    print(f"{len(texts())} dashboards are written to {FOLDER}")
