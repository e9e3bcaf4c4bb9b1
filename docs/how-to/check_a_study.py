"""Check a study before any analysis, on the command line and from Python."""

# --8<-- [start:imports]
import shutil
import subprocess
import sys
from pathlib import Path

from example_study import write_study

import napari_ubam as ubam

# --8<-- [end:imports]

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
table = folder / "study.csv"
if not table.exists():
    print(f"Drawing example videos into {folder} ...", flush=True)
    write_study(folder)

print(f"\n$ napari-ubam check {table}\n", flush=True)
command = shutil.which("napari-ubam", path=str(Path(sys.executable).parent)) or "napari-ubam"
subprocess.run([command, "check", str(table)], check=True)

# --8<-- [start:python]
study = ubam.Study.from_csv(table)
report = ubam.check_study(study)
assert report.ok, report
# --8<-- [end:python]

# --8<-- [start:look]
reference = study.select("group=healthy")
with study.recordings[0].open_with(ubam.open_video) as video:
    frames, height, width, channels = video.shape
    seconds = video.times[-1]
# --8<-- [end:look]

print(
    f"\nFrom Python: {len(study)} recordings, {len(reference)} of them healthy; the first has {frames} frames"
)
print(f"of {width} x {height} pixels, the last at {seconds:.2f} s. The videos are in {folder / 'videos'}.")
