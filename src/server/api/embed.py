#!/usr/bin/env python3
"""embed.py - makes embedded_files.c out of files: embed.py OUT DEPFILE WORK OPENAPI [CONSOLE]

Builds the console in a copy under WORK (npm ci, node build.mjs), so that the source tree stays as it is.
Without CONSOLE a small page says how to get one. The output depends on the content alone.
"""
import gzip
import hashlib
import pathlib
import shutil
import subprocess
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".yaml": "application/yaml",
}
NO_CONSOLE = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bartizan</title>
<h1>Bartizan serves, without its console</h1>
<p>This build leaves the console out. To get it, install Node.js 18 or later with npm, then
<code>meson configure -Dconsole=true</code> in the build folder and build again.</p>
<p>All that the console does goes through the API: <a href="/openapi.yaml">/openapi.yaml</a>. On the command line:
<code>bartizan --help</code>.</p>
</html>
"""


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed in {folder}:\n{done.stdout}{done.stderr}\n"
                 "To build without the console: meson configure -Dconsole=false")


def sources(console):
    skipped = {"node_modules", "dist", "test"}
    return sorted(p for p in console.rglob("*")
                  if p.is_file() and not skipped & set(p.relative_to(console).parts))


def build_console(console, work):
    copy = work / "console"
    out = work / "console-out"
    lock = (console / "package-lock.json").read_bytes()
    stamp = copy / "installed.sha256"
    digest = hashlib.sha256(lock).hexdigest()
    for old in [p for p in copy.glob("*") if p.name not in ("node_modules", stamp.name)]:
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    for source in sources(console):
        target = copy / source.relative_to(console)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    if not stamp.exists() or stamp.read_text() != digest:
        run(["npm", "ci", "--no-audit", "--no-fund"], copy)
        stamp.write_text(digest)
    run(["node", "build.mjs", str(out)], copy)
    return [(("/" if name == "index.html" else "/" + name), name, (out / name).read_bytes())
            for name in sorted(p.name for p in out.iterdir())]


def array(name, data):
    lines = [", ".join(str(b) for b in data[at:at + 24]) for at in range(0, len(data), 24)]
    return f"static const uint8_t {name}[] = {{\n" + ",\n".join(lines) + "\n};\n"


def main():
    out, depfile, work, openapi = (pathlib.Path(p) for p in sys.argv[1:5])
    console = pathlib.Path(sys.argv[5]) if len(sys.argv) > 5 else None
    work = work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    depends = [openapi]
    files = [("/openapi.yaml", "openapi.yaml", openapi.read_bytes())]
    if console is not None:
        depends += sources(console)
        files += build_console(console, work)
    else:
        files += [("/", "index.html", NO_CONSOLE)]

    text = ["/* Made by embed.py; do not edit. */\n", '#include "server/api/embedded.h"\n\n']
    rows = []
    for number, (path, name, plain) in enumerate(files):
        packed = gzip.compress(plain, 9, mtime=0)
        etag = hashlib.sha256(plain).hexdigest()[:32]
        text += [array(f"plain_{number}", plain), array(f"gzip_{number}", packed)]
        rows.append(f'\t{{ "{path}", "{TYPES[pathlib.Path(name).suffix]}", "\\"{etag}\\"",\n'
                    f"\t  {{ plain_{number}, sizeof plain_{number} }}, "
                    f"{{ gzip_{number}, sizeof gzip_{number} }} }},\n")
    text += ["\nconst struct embedded_file embedded_files[] = {\n", *rows, "\t{ 0 },\n};\n"]
    out.write_text("".join(text))
    depfile.write_text(f"{out.name}: " + " ".join(str(p).replace(" ", "\\ ") for p in depends) + "\n")


main()
