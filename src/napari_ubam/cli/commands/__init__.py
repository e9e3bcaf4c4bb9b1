"""The commands, a file each; every one is a thin call of the library."""

# In the order of the help: as a study goes through them.
# ruff: noqa: I001

from . import (
    check as check,
    track as track,
    train as train,
    embed as embed,
    score as score,
    compare as compare,
    classify as classify,
    confounds as confounds,
    recovery as recovery,
    stimulus as stimulus,
    keypoints as keypoints,
    report as report,
    export as export,
    magnify as magnify,
    neighbours as neighbours,
    map as map,
    map_compare as map_compare,
    analyse as analyse,
    view as view,
    remove as remove,
    relocate as relocate,
    sample as sample,
    demo as demo,
    doctor as doctor,
)
