# SPDX-License-Identifier: Apache-2.0
"""Makes container images: layers, OCI image layouts, archives as of `docker save`."""

import gzip
import hashlib
import io
import json
import pathlib
import tarfile

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def entry(name, content=None, **fields):
    """One entry of a tar archive: bytes or text are a file, None a directory."""
    info = tarfile.TarInfo(name)
    data = content.encode() if isinstance(content, str) else content
    info.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
    info.mode = 0o755
    info.size = len(data or b"")
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data or b""


def link(name, target, **fields):
    return entry(name, b"", type=tarfile.SYMTYPE, linkname=target, **fields)


def hard_link(name, target):
    return entry(name, b"", type=tarfile.LNKTYPE, linkname=target)


def tar(*entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Layout:
    """An OCI image layout in a directory."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "blobs/sha256").mkdir(parents=True)
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        self.images = []

    def blob(self, data, media_type):
        data = data if isinstance(data, bytes) else json.dumps(data).encode()
        name = digest(data)
        self.path(name).write_bytes(data)
        return {"mediaType": media_type, "digest": name, "size": len(data)}

    def path(self, name):
        return self.folder / "blobs/sha256" / name.removeprefix("sha256:")

    def manifest(self, layers, config=None, architecture="amd64", **extra):
        """Adds an image of tar archives; returns its descriptor."""
        text = {"architecture": architecture, "os": "linux", "config": config or {},
                "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]}}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": self.blob(text, CONFIG),
                    "layers": [self.blob(gzip.compress(layer, mtime=0), LAYER)
                               for layer in layers], **extra}
        return self.blob(manifest, MANIFEST)

    def add(self, layers, config=None, ref=None, platform=None, architecture="amd64"):
        """Adds an image to the index."""
        item = self.manifest(layers, config, architecture)
        if ref:
            item["annotations"] = {"org.opencontainers.image.ref.name": ref}
        if platform:
            item["platform"] = {"os": "linux", "architecture": platform}
        self.images.append(item)
        self.index(self.images)
        return self

    def index(self, images):
        (self.folder / "index.json").write_text(
            json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": images}))

    def archive(self, path):
        with tarfile.open(path, "w") as archive:
            archive.add(self.folder, arcname=".")
        return path


def docker_archive(path, layers, config=None, tags=("app:1.0",), architecture="amd64"):
    """What `docker save` wrote before it wrote OCI layouts."""
    text = json.dumps({"architecture": architecture, "os": "linux", "config": config or {},
                       "rootfs": {"diff_ids": [digest(layer) for layer in layers]}})
    names = [f"{number}/layer.tar" for number in range(len(layers))]
    manifest = [{"Config": "config.json", "RepoTags": list(tags), "Layers": names}]
    pathlib.Path(path).write_bytes(tar(
        entry("manifest.json", json.dumps(manifest)), entry("config.json", text),
        *(entry(name, layer) for name, layer in zip(names, layers))))
    return path
