"""What the rules share: the project's own files, C text without comments and strings, commands."""
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


class CommandFailed(Exception):
    pass


def tree():
    """Path from the root -> text, of every text file that belongs to the project."""
    found = {}
    for folder, folders, names in os.walk(str(ROOT)):
        if "meson-private" in folders:  # a build folder
            folders.clear()
            continue
        folders[:] = sorted(f for f in folders if not f.startswith(("build", "__pycache__")) and (not f.startswith(".") or f == ".ci"))
        for path in (pathlib.Path(folder) / name for name in sorted(names)):
            if path.is_symlink() or path.name == ".git":  # a file in a linked worktree
                continue
            try:
                found[path.relative_to(ROOT).as_posix()] = path.read_bytes().decode()
            except UnicodeDecodeError:
                pass  # binary data
    return found


def c_files(files, *prefixes):
    """The C files under these folders, sorted by path: (path, text)."""
    return [(p, t) for p, t in sorted(files.items()) if p.startswith(prefixes) and p.endswith((".c", ".h", ".inl", ".def"))]


_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def without_comments(text):
    """Comments become spaces; lines keep their numbers."""
    return _TOKEN.sub(lambda m: re.sub(r"[^\n]", " ", m.group()) if m.group()[0] == "/" else m.group(), text)


def code(text):
    """Comments and the insides of strings become spaces."""
    return _TOKEN.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def matches(path, text, pattern, why):
    """A complaint for each match of the pattern."""
    return ["%s:%d: %s: %s" % (path, text.count("\n", 0, m.start()) + 1, m.group().strip(), why) for m in re.finditer(pattern, text, re.M)]


def output(*command, text=None):
    """What the command prints; CommandFailed with its messages if it fails."""
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, cwd=str(ROOT))
    if done.returncode != 0:
        raise CommandFailed("%s: exit %d\n%s" % (" ".join(command), done.returncode, (done.stderr or done.stdout).strip()))
    return done.stdout
