"""Makes the environment in .venv when something is missing, then starts Softmax GUI.

python3 run.py [--gpu] [--no-torch] [arguments of the app]    (py run.py on Windows)
python3 run.py test [arguments of pytest]    every check and every test
python3 run.py bench [arguments]             the figures the project is held to
python3 run.py screens FOLDER                a picture of the window in each state

--gpu       installs the common build of PyTorch: on Linux several GB, for graphics cards
--no-torch  installs no PyTorch; training then runs on NumPy
"""

# Every call pays for these; what only an installation needs is imported where it is used.
import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

# The standard library is enough, and Python 3.6 can parse this file: an old one gets a sentence.
OLDEST = (3, 11)
if sys.version_info[:2] < OLDEST:
    found = "{}.{}".format(*sys.version_info[:2])
    sys.exit(f"Softmax GUI needs Python {OLDEST[0]}.{OLDEST[1]} or newer, this is Python {found}.")

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "softmax-gui-installed"  # written last: an interrupted installation leaves none
PYPROJECT = ROOT / "pyproject.toml"
# An editable installation names its folder, and a venv serves one Python: neither can move.
IDENTITY = f"{ROOT} {sys.platform} {sys.version_info[0]}.{sys.version_info[1]}"
FLAGS = ("--gpu", "--no-torch")
TOOLS = ("bench", "screens")  # modules in tests/
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as run; run()"
CHECKS = (
    ("ruff check", "-m", "ruff", "check"),
    ("ruff format", "-m", "ruff", "format", "--check"),
    ("mypy", "-m", "mypy"),
    ("lint-imports", "-c", LINT_IMPORTS, "--no-logo"),
)
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")
WITHOUT_TORCH = (
    "Installed without PyTorch, as pip finds no CPU build of it here: training runs on NumPy. To "
    "have it, call with --gpu (several GB); or set PIP_EXTRA_INDEX_URL to the index of CPU builds "
    "that PyTorch's install page names, delete .venv and call again."
)
# What Qt loads from the system: the library, its package in Debian, its package in Fedora.
LIBRARIES = {
    "offscreen": (
        ("libglib-2.0.so.0", "libglib2.0-0", "glib2"),
        ("libEGL.so.1", "libegl1", "libglvnd-egl"),
        ("libGL.so.1", "libgl1", "libglvnd-glx"),
        ("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon"),
        ("libfontconfig.so.1", "libfontconfig1", "fontconfig"),
        ("libdbus-1.so.3", "libdbus-1-3", "dbus-libs"),
    ),
    "x11": (
        ("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor"),
        ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11"),
        ("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm"),
        ("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms"),
        ("libxcb-shape.so.0", "libxcb-shape0", "libxcb"),
    ),
    "wayland": (
        ("libwayland-client.so.0", "libwayland-client0", "libwayland-client"),
        ("libwayland-cursor.so.0", "libwayland-cursor0", "libwayland-cursor"),
    ),
}


def main(arguments: list[str]) -> int:
    """Installs what the call needs and is not there yet, then runs it; returns the exit code."""
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    flags, rest = split(arguments)
    try:
        prepare(needs(flags, rest))
        if rest[:1] == ["test"]:
            return check(rest[1:])
        if rest and rest[0] in TOOLS:
            folders = filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
            os.environ["PYTHONPATH"] = os.pathsep.join(folders)  # finds tests/ from any folder
            return become(["-m", f"tests.{rest[0]}", *rest[1:]])
        return become(["-m", "softmax_gui", *rest])
    except KeyboardInterrupt:
        say("\nStopped.")
        return 130
    except OSError as error:
        sys.exit(f"Softmax GUI cannot be started from {VENV}: {error}.")


def split(arguments: list[str]) -> tuple[set[str], list[str]]:
    """The leading flags of run.py, and the rest, which belongs to whatever is started."""
    count = 0
    while count < len(arguments) and arguments[count] in FLAGS:
        count += 1
    if set(FLAGS) <= set(arguments[:count]):
        sys.exit("--gpu and --no-torch exclude each other: give one of them.")
    return set(arguments[:count]), arguments[count:]


def needs(flags: set[str], rest: list[str]) -> set[str]:
    """What has to be in place: "app", "torch", "gpu", "test" and keys of LIBRARIES."""
    wanted = {"app"}
    if "--no-torch" not in flags:
        wanted |= {"torch", "gpu"} if "--gpu" in flags else {"torch"}
    first = rest[0] if rest else "gui"
    if first == "test" or first in TOOLS:
        wanted.add("test")
    elif first == "--version" or (first != "gui" and not first.startswith("-")):
        return wanted  # a command without a window works where Qt cannot
    if sys.platform == "linux":
        wanted.add("offscreen")
        if "test" not in wanted:  # and without a display the app itself says so
            wanted |= {"x11"} if os.environ.get("DISPLAY") else set()
            wanted |= {"wayland"} if os.environ.get("WAYLAND_DISPLAY") else set()
    return wanted


def become(arguments: list[str]) -> int:
    """Hands this process over to the environment's Python; on Windows waits for its exit code."""
    command = [str(PYTHON), *arguments]
    if os.name != "nt":
        os.execv(command[0], command)
    with subprocess.Popen(command) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # the app has heard it too, and decides
                continue


def check(arguments: list[str]) -> int:
    """Runs every check and pytest, even after a failure; non-zero if one of them failed."""
    failed = []
    for name, *command in CHECKS:
        started = time.monotonic()
        code = subprocess.call([str(PYTHON), *command], cwd=ROOT)
        seconds = time.monotonic() - started
        print(f"{name}: {'FAILED' if code else 'passed'} in {seconds:.1f} s", flush=True)
        failed += [name] if code else []
    if failed:
        print(f"Failed, see above: {', '.join(failed)}. Now pytest:", flush=True)
    # Last, because its closing line, which has its time, is what readers of a log look for.
    code = subprocess.call([str(PYTHON), "-m", "pytest", *arguments], cwd=ROOT)
    return code or int(bool(failed))


def prepare(wanted: set[str]) -> None:
    """Returns at once where the stamp says that all of `wanted` is there, else installs it."""
    identity, digest, *held = read_stamp()
    current = hashlib.sha256(PYPROJECT.read_bytes()).hexdigest()
    if (identity, digest) == (IDENTITY, current) and wanted <= set(held) and is_whole():
        return
    usable = identity in ("", IDENTITY) and is_usable()
    add_packages(missing_packages(wanted | (set() if usable else {"venv"})))
    STAMP.unlink(missing_ok=True)
    if not usable:
        held = []
        make_environment()
    wanted = wanted | set(held)  # a new pyproject.toml concerns what is installed already, too
    install(wanted)
    STAMP.write_text("\n".join([IDENTITY, current, *sorted(wanted)]), encoding="utf-8")


def read_stamp() -> list[str]:
    """The environment's identity, the digest of pyproject.toml, then what is installed."""
    try:
        lines = STAMP.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        lines = []
    return lines if len(lines) > 1 else ["", ""]


def is_whole() -> bool:
    """Whether the environment and the Python it was made from are still there."""
    try:
        lines = (VENV / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        return False
    homes = [Path(line.partition("=")[2].strip()) for line in lines if line.startswith("home")]
    return PYTHON.exists() and all(home.is_dir() for home in homes)


def is_usable() -> bool:
    """Whether the environment's Python starts, has pip, and is of the version that runs this."""
    probe = f"import sys, pip; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    return is_whole() and quiet([str(PYTHON), "-c", probe])[0] == 0


def make_environment() -> None:
    """Makes .venv anew, from the base Python, so that it leans on no other environment."""
    if VENV.is_dir() and any(VENV.iterdir()):
        if not (VENV / "pyvenv.cfg").is_file():
            sys.exit(f"{VENV} is not an environment of Python's: move it away and call again.")
        say("Making .venv anew: it does not fit this folder or this Python.")
    base = getattr(sys, "_base_executable", None) or sys.executable
    code, output = quiet([base, "-m", "venv", "--clear", str(VENV)])
    if code:
        sys.exit(f"Python cannot make an environment in {VENV}. It said:\n{excerpt(output)}")


def install(wanted: set[str]) -> None:
    """Installs the project, editable, with the extras and the test group of pyproject.toml.

    The group is read here, because an older pip does not know what a group is.
    """
    import tomllib

    say("Installing Softmax GUI in .venv, once, about a minute ...")
    tables = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))
    extras = tables["project"]["optional-dependencies"]
    required = ["-e", ".", *(tables["dependency-groups"]["test"] if "test" in wanted else ())]
    torch = list(extras["torch"]) if "torch" in wanted else []
    if "gpu" in wanted:
        torch = gpu_build(torch[0])
    elif torch:
        torch = cpu_build(torch[0])
    optional = [*extras["fast"], *extras["pictures"], *extras["onnx"], *torch]
    code, output = pip_install(required + optional)
    for name in ("torch", "numba", "onnx"):  # a new Python is out before they are built for it
        if code and f"No matching distribution found for {name}" in output:
            say(f"{name} is left out: pip finds no build of it for this Python.")
            optional = [other for other in optional if not other.startswith(name)]
            code, output = pip_install(required + optional)
    if code:
        cause = ", for want of a network it seems" if "connection broken by" in output else ""
        sys.exit(f"Installing failed{cause}; the next call goes on. pip said:\n{excerpt(output)}")
    say("Installed." if torch or "torch" not in wanted else WITHOUT_TORCH)


def cpu_build(requirement: str) -> list[str]:
    """The newest CPU build of PyTorch that pip can find and `requirement` allows, or nothing.

    On Windows and macOS the common build is the one for the CPU. On Linux the common one brings
    several GB of CUDA, and CPU builds, marked +cpu, lie where the user's pip may be set up to
    look or not. This file names no index, so where it is not, PyTorch cannot be had without those
    GB, which nobody asked for: it is left out, and WITHOUT_TORCH says so.
    """
    if sys.platform != "linux":
        return [requirement]
    low, high = (version_key(bound) for bound in re.findall(r"\d+\.\d+", requirement))
    fitting = [build for build in cpu_versions() if low <= version_key(build) < high]
    return [f"torch=={fitting[-1]}+cpu"] if fitting else []


def gpu_build(requirement: str) -> list[str]:
    """`requirement` without the CPU builds, so that one already in place gives way.

    To pip 2.13.0+cpu is newer than 2.13.0: with --upgrade or not it would keep it, and after an
    uninstallation take it again from where it came.
    """
    return [",".join([requirement, *(f"!={build}+cpu" for build in cpu_versions())])]


def cpu_versions() -> list[str]:
    """The versions marked +cpu of PyTorch that pip finds or has installed, oldest first."""
    output = quiet([str(PYTHON), *PIP, "index", "versions", "torch"])[1]
    return sorted(set(re.findall(r"\d+(?:\.\d+)+(?=\+cpu)", output)), key=version_key)


def version_key(version: str) -> tuple[int, ...]:
    """Orders versions such as 2.9.1 and 2.13.0 by their numbers."""
    return tuple(int(part) for part in version.split("."))


def pip_install(requirements: list[str]) -> tuple[int, str]:
    """Runs pip install; on a terminal one line shows what it is at. Exit code and output."""
    # A wheel or nothing: without one numba would try to compile LLVM.
    options = ["--progress-bar", "off", "--only-binary", "torch,numba,llvmlite"]
    shown = ("Collecting", "Downloading", "Preparing", "Building", "Installing")

    def show(line: str) -> None:
        if sys.stderr.isatty() and line.lstrip().startswith(shown):
            print(f"\r{line.strip()[:78]:78}", end="", file=sys.stderr, flush=True)

    result = quiet([str(PYTHON), *PIP, "install", *options, *requirements], show)
    if sys.stderr.isatty():
        print(f"\r{'':78}\r", end="", file=sys.stderr)
    return result


def missing_packages(
    wanted: set[str], load: Callable[[str], object] | None = None
) -> list[tuple[str, str, str]]:
    """Rows like those of LIBRARIES for all that the system lacks; `load` stands in for ctypes.

    Looked at before Qt starts, because where two of its libraries miss it aborts, naming no cause.
    """
    import ctypes
    import importlib.util

    missing = []
    for row in [row for key, rows in LIBRARIES.items() if key in wanted for row in rows]:
        try:
            (load or ctypes.CDLL)(row[0])
        except OSError:
            missing.append(row)
    importlib.invalidate_caches()
    if "venv" in wanted and importlib.util.find_spec("ensurepip") is None:  # Debian's own way
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        missing.append(("Python's venv module", package, "python3-libs"))
    return missing


def add_packages(missing: list[tuple[str, str, str]]) -> None:
    """Installs them as root on Debian or Ubuntu, else ends with the one line that does."""
    import shutil

    if not missing:
        return
    names, debian, fedora = zip(*missing, strict=True)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    apt = shutil.which("apt-get") is not None
    if not apt and not shutil.which("dnf"):
        sys.exit(f"Install this with the system's package manager first: {', '.join(names)}.")
    line = ["apt-get", "install", "-y", *debian] if apt else ["dnf", "install", "-y", *fedora]
    if not (root and apt):
        line = line if root else ["sudo", *line]
        sys.exit(f"Packages of the system are missing; this installs them:\n{' '.join(line)}")
    say(f"Packages of the system are missing, installing them: {' '.join(debian)}")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    listed = any(Path("/var/lib/apt/lists").glob("*_Packages*"))
    code, output = quiet(line) if listed else (1, "")
    if code:  # no lists, or so old that they name files that are gone
        quiet(["apt-get", "update"])
        code, output = quiet(line)
    if code:
        sys.exit(f"apt-get cannot install them. It said:\n{excerpt(output)}")


def quiet(command: list[str], hear: Callable[[str], None] | None = None) -> tuple[int, str]:
    """Runs a command of ours in ROOT; its exit code and all it printed, heard line by line."""
    lines = []
    try:
        with subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                lines.append(line)
                if hear:
                    hear(line)
    except OSError as error:  # no such program, or none that this system can start
        return 127, str(error)
    return process.returncode, "".join(lines)


def excerpt(output: str) -> str:
    """The last five lines that look like errors, or the last five."""
    lines = [line.strip() for line in output.splitlines() if line.strip() and "note:" not in line]
    errors = [line for line in lines if "error" in line.lower() or line.startswith("E:")]
    return "\n".join((errors or lines)[-5:])


def say(sentence: str) -> None:
    """On stderr, since stdout belongs to what is started."""
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
