"""A scene that MuJoCo renders: bodies with skins posed by their bones, things, lights and a camera.

Without a screen MuJoCo renders with EGL (Mesa's software renderer) unless MUJOCO_GL says otherwise.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from _skin import Floats, Part, Surface, surface_of
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

Picture = npt.NDArray[np.uint8]
Colour = tuple[float, float, float]


@dataclass
class Camera:
    """Where the camera is, and what its sensor does.

    Parameters
    ----------
    place, target : tuple of float
        Positions (x, y, z) in metres.
    view : float
        Vertical angle of view in degrees.
    roll : float
        Degrees.
    noise : float
        Standard deviation of the sensor's noise, on a scale from 0 to 1.
    gain : tuple of float
        Factor of red, green and blue.
    blur : float
        Standard deviation of the lens's blur in pixels.
    """

    place: tuple[float, float, float]
    target: tuple[float, float, float]
    view: float = 30.0
    roll: float = 0.0
    noise: float = 0.012
    gain: Colour = (1.0, 1.0, 1.0)
    blur: float = 0.5

    def xml(self) -> str:
        """Return the camera for MuJoCo."""
        return (
            f'<camera name="camera" pos="{_text(self.place)}" xyaxes="{_text(self._axes().ravel())}" '
            f'fovy="{self.view:.4f}"/>'
        )

    def on_screen(self, points: Floats, size: tuple[int, int]) -> Floats:
        """Project points on the picture.

        Parameters
        ----------
        points : ndarray of float64, shape (..., 3)
            Positions in metres, in front of the camera.
        size : tuple of int
            Width and height of the picture in pixels.

        Returns
        -------
        ndarray of float64, shape (..., 2)
            Pixels from the left and upper edge.
        """
        right, up = self._axes()
        way = np.asarray(points) - self.place
        depth = way @ -np.cross(right, up)
        focal = 0.5 * size[1] / np.tan(np.radians(self.view) / 2)
        x, y = focal * (way @ right) / depth, focal * (way @ up) / depth
        return np.stack([size[0] / 2 + x, size[1] / 2 - y], -1)

    def _axes(self) -> Floats:
        """Directions to the right and upwards on the picture, shape (2, 3)."""
        back = np.asarray(self.place) - self.target
        back = back / np.linalg.norm(back)
        right = np.cross((0, 0, 1), back)
        right /= np.linalg.norm(right)
        turned = Rotation.from_rotvec(np.radians(self.roll) * back).apply([right, np.cross(back, right)])
        return np.asarray(turned)

    def finish(self, picture: Picture, rng: np.random.Generator) -> Picture:
        """Add blur, colour and noise of the camera.

        Parameters
        ----------
        picture : ndarray of uint8, shape (y, x, 3)
            As rendered.
        rng : numpy.random.Generator
            For the noise.

        Returns
        -------
        ndarray of uint8, shape (y, x, 3)
            As filmed.
        """
        image = picture.astype(np.float32) / 255
        if self.blur:
            image = gaussian_filter(image, (self.blur, self.blur, 0))
        image *= np.asarray(self.gain, np.float32)
        image += np.float32(self.noise) * rng.standard_normal(image.shape, np.float32)
        return np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)


@dataclass
class Stage:
    """A scene under construction. Lengths are in metres; x is forward, y left, z up.

    Parameters
    ----------
    camera : Camera
        The camera.
    things : list of str
        Geoms and lights as XML for MuJoCo.
    textures : dict of str to ndarray of uint8, shape (y, x, 3)
        Pictures; a material of the same name is made of each.
    colours : dict of str to tuple of float
        Materials of one colour.
    shine : dict of str to float
        How much a material reflects lamps, 0 by default.
    bones : dict of str to ndarray of float64, shape (3,)
        Position of each bone at rest.
    parts : list of Part
        Pieces of bodies.
    skins : list of (str, str, Surface)
        Finished surfaces: name, material and surface.
    carried : dict of str to list of str
        Geoms as XML that move with a bone.
    repeat : dict of str to float
        How often a texture repeats on its geom, 1 by default.
    """

    camera: Camera
    things: list[str] = field(default_factory=list)
    textures: dict[str, Picture] = field(default_factory=dict)
    colours: dict[str, Colour] = field(default_factory=dict)
    shine: dict[str, float] = field(default_factory=dict)
    bones: dict[str, Floats] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    skins: list[tuple[str, str, Surface]] = field(default_factory=list)
    carried: dict[str, list[str]] = field(default_factory=dict)
    repeat: dict[str, float] = field(default_factory=dict)
    wrap: float = 0.5  # metres of a body that a texture covers
    shadow: float = 1.6  # shadows reach twice as many metres from the origin

    def box(
        self, place: Sequence[float], half: Sequence[float], material: str, turn: Sequence[float] = (0, 0, 0)
    ) -> None:
        """Add a box: its middle, half of its sides, and Euler angles in degrees."""
        self.things.append(
            f'<geom type="box" pos="{_text(place)}" size="{_text(half)}" material="{material}" '
            f'euler="{_text(turn)}"/>'
        )

    def rod(self, start: Sequence[float], stop: Sequence[float], radius: float, material: str) -> None:
        """Add a round rod."""
        self.things.append(
            f'<geom type="capsule" fromto="{_text([*start, *stop])}" size="{radius:.4f}" '
            f'material="{material}"/>'
        )

    def lamp(
        self, place: Sequence[float], to: Sequence[float], colour: Sequence[float], shadow: bool
    ) -> None:
        """Add a lamp far away: where it is, where it shines, and its colour."""
        way = np.asarray(to, float) - place
        self.things.append(
            f'<light type="directional" pos="{_text(place)}" dir="{_text(way)}" diffuse="{_text(colour)}" '
            f'specular="{_text(0.4 * np.asarray(colour))}" castshadow="{str(shadow).lower()}"/>'
        )

    def xml(self, ambient: float) -> tuple[str, dict[str, bytes]]:
        """Return the model and its files."""
        assets, files = [], {}
        for name, picture in self.textures.items():
            data = io.BytesIO()
            Image.fromarray(picture).save(data, "PNG")
            files[f"{name}.png"] = data.getvalue()
            assets.append(f'<texture name="{name}" type="2d" file="{name}.png"/>')
            assets.append(f'<material name="{name}" texture="{name}" {self._finish(name)}/>')
        for name, colour in self.colours.items():
            assets.append(f'<material name="{name}" rgba="{_text(colour)} 1" {self._finish(name)}/>')
        ready = [(part.name, part.material, surface_of(part, self.bones)) for part in self.parts]
        skins = [_skin_xml(*each, self.bones, self.wrap) for each in (*ready, *self.skins)]
        bodies = [
            f'<body name="{name}" mocap="true" pos="{_text(place)}"><geom size=".001" rgba="0 0 0 0"/>'
            f"{''.join(self.carried.get(name, []))}</body>"
            for name, place in self.bones.items()
        ]
        model = f"""<mujoco><compiler angle="degree"/>
        <option><flag contact="disable"/></option>
        <visual><headlight ambient="{_text([ambient] * 3)}" diffuse="0.12 0.12 0.12" specular="0 0 0"/>
        <quality shadowsize="1024" offsamples="4"/><map shadowclip="{self.shadow}" znear="0.02" zfar="40"/>
        <global offwidth="1280" offheight="1280"/></visual><statistic extent="2" center="0 0 0.8"/>
        <default><geom contype="0" conaffinity="0"/></default>
        <asset>{"".join(assets)}</asset>
        <worldbody>{self.camera.xml()}{"".join(self.things)}{"".join(bodies)}</worldbody>
        <deformable>{"".join(skins)}</deformable></mujoco>"""
        return model, files

    def _finish(self, name: str) -> str:
        shine = self.shine.get(name, 0.05)
        times = self.repeat.get(name, 1.0)
        return f'specular="{shine:.3f}" shininess="0.3" texrepeat="{times:.4f} {times:.4f}"'


@dataclass(frozen=True)
class Pose:
    """Where the bones are, for many frames.

    Parameters
    ----------
    places : ndarray of float64, shape (t, bones, 3)
        Positions in metres.
    turns : ndarray of float64, shape (t, bones, 3, 3)
        Rotations from the rest.
    """

    places: Floats
    turns: Floats


def play(
    stage: Stage,
    pose: Pose,
    size: tuple[int, int],
    rng: np.random.Generator,
    *,
    ambient: float,
    belt: tuple[str, npt.NDArray[np.int64]] | None = None,
    blend: int = 1,
) -> Iterator[Picture]:
    """Render all frames.

    Parameters
    ----------
    stage : Stage
        The scene.
    pose : Pose
        Of all bones, in the order of ``stage.bones``; ``blend`` poses for each frame.
    size : tuple of int
        Width and height in pixels.
    rng : numpy.random.Generator
        For the noise of the camera.
    ambient : float
        Light without direction.
    belt : (str, ndarray of int64, shape (t,)), optional
        A texture, and the number of texels that it has moved along its first axis.
    blend : int
        Poses within the exposure of a frame, whose pictures are averaged.

    Yields
    ------
    ndarray of uint8, shape (y, x, 3)
        RGB image.
    """
    os.environ.setdefault("MUJOCO_GL", "egl")
    os.environ.setdefault("LP_NUM_THREADS", "1")  # Mesa: threads are slower for pictures of this size
    import mujoco

    text, files = stage.xml(ambient)
    model = mujoco.MjModel.from_xml_string(text, files)
    data = mujoco.MjData(model)
    quaternions = Rotation.from_matrix(pose.turns.reshape(-1, 3, 3)).as_quat()[:, [3, 0, 1, 2]]
    quaternions = quaternions.reshape(*pose.places.shape[:2], 4)
    with mujoco.Renderer(model, height=size[1], width=size[0]) as renderer:
        moving = _MovingTexture(mujoco, model, renderer, belt) if belt else None
        for frame in range(len(pose.places) // blend):
            shots = []
            for moment in range(frame * blend, (frame + 1) * blend):
                data.mocap_pos[:], data.mocap_quat[:] = pose.places[moment], quaternions[moment]
                mujoco.mj_kinematics(model, data)
                mujoco.mj_camlight(model, data)
                if moving:
                    moving.move(moment)
                renderer.update_scene(data, camera="camera")
                shots.append(renderer.render())
            shot = shots[0] if blend == 1 else np.mean(shots, axis=0)
            yield stage.camera.finish(np.asarray(shot), rng)


class _MovingTexture:
    """A texture that is shifted along its first axis."""

    def __init__(self, mujoco, model, renderer, belt) -> None:  # type: ignore[no-untyped-def]
        self.mujoco, self.model, self.renderer = mujoco, model, renderer
        name, self.shifts = belt
        self.number = model.texture(name).id
        start, rows = model.tex_adr[self.number], model.tex_height[self.number]
        count = rows * model.tex_width[self.number] * model.tex_nchannel[self.number]
        self.part = slice(int(start), int(start + count))
        self.rows = model.tex_data[self.part].reshape(rows, -1).copy()
        self.last: int | None = None

    def move(self, moment: int) -> None:
        """Shift it as at a moment."""
        shift = int(self.shifts[moment]) % len(self.rows)
        if shift == self.last:
            return
        self.last = shift
        self.model.tex_data[self.part] = np.roll(self.rows, shift, axis=0).ravel()
        self.mujoco.mjr_uploadTexture(self.model, self.renderer._mjr_context, self.number)


def _skin_xml(name: str, material: str, surface: Surface, bones: dict[str, Floats], wrap: float) -> str:
    x, y, z = surface.vertices.T
    mapped = surface.mapped
    if mapped is None:
        mapped = np.stack([(x + 0.8 * y) / wrap, z / wrap], -1)
    bound = []
    for bone, weight in surface.weights.items():
        used = np.flatnonzero(weight > 0)
        if len(used):
            bound.append(
                f'<bone body="{bone}" bindpos="{_text(bones[bone])}" bindquat="1 0 0 0" '
                f'vertid="{" ".join(map(str, used))}" vertweight="{_text(weight[used])}"/>'
            )
    return (
        f'<skin name="{name}" material="{material}" vertex="{_text(surface.vertices.ravel())}" '
        f'texcoord="{_text(mapped.ravel())}" face="{" ".join(map(str, surface.faces.ravel()))}">'
        f"{''.join(bound)}</skin>"
    )


def _text(numbers: Sequence[float] | Floats) -> str:
    return " ".join(f"{number:.5f}" for number in np.asarray(numbers, float).ravel())
