"""A Hugging Face Hub on the loopback address, for the real clients: huggingface_hub and datasets.

Datasets and models, classic large files (no xet). It speaks HTTP like the Hub does: create,
preupload,
batch, PUT, verify, commit, tree, resolve with ranges, squash, deletion of large files. Faults are
injected by `hub.store.inject(Fault(…))`; every request is in `hub.store.log`.

Clients: in another process, `hub.variables`; in this process, `hub.point_here(monkeypatch)`,
because huggingface_hub reads its variables when it is imported, and tests import it off-line.
"""

import base64
import hashlib
import io
import json
import os
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest

from tests.hub_store import Fault, File, Files, HubStore, Refusal, Repo, is_large

TOKEN = "test"
PAGE = 1000
Reply = tuple[int, Any, Mapping[str, str]]
LFS_JSON = {"Content-Type": "application/vnd.git-lfs+json"}


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # otherwise every call waits 40 ms for a delayed ACK
    store: HubStore
    base: str
    query: dict[str, str]
    body: bytes

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def answer(self) -> None:
        address = urlsplit(self.path)
        self.query = {key: values[-1] for key, values in parse_qs(address.query).items()}
        self.body = self._read()
        request = f"{self.command} {unquote(address.path)}"
        fault = self.store.next_fault(request)
        if fault is not None and not fault.after:
            self.store.log.append(f"{request} fault")
            self._fail(fault)
            return
        status, content, headers = self._reply(address.path)
        self.store.log.append(f"{request} {status}")
        if fault is not None:
            self._fail(fault)
        else:
            self._send(status, content, headers)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def _read(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        data = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def _reply(self, path: str) -> Reply:
        try:
            with self.store.lock:
                self._check_token(path)
                for pattern, route in ROUTES:
                    if found := re.fullmatch(pattern, path):
                        return route(self, *(unquote(part or "") for part in found.groups()))
            raise Refusal(404, f"no such route: {self.command} {path}")
        except Refusal as refusal:
            headers = {"X-Error-Message": str(refusal)}
            return (
                refusal.status,
                refusal.body,
                headers | ({"X-Error-Code": refusal.code} if refusal.code else {}),
            )

    def _check_token(self, path: str) -> None:
        if path.startswith("/large/") or not self.store.token:
            return
        if self.headers.get("Authorization") != f"Bearer {self.store.token}":
            # Over plain http a client takes a bare 401 for something else than a missing repo.
            raise Refusal(401, "Invalid username or password.", "RepoNotFound")

    def _send(self, status: int, content: Any, headers: Mapping[str, str] = {}) -> None:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        kind = "octet-stream" if isinstance(content, bytes) else "json"
        self.send_response(status)
        for name, value in {"Content-Type": f"application/{kind}", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    def _fail(self, fault: Fault) -> None:
        if fault.stall_seconds:
            STOPPED.wait(fault.stall_seconds)
        if fault.status:
            self._send(fault.status, {"error": f"injected {fault.status}"}, fault.headers)
            return
        # A reset, not an orderly end: the client sees a broken connection.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def repo(self, repo_id: str) -> Repo:
        if repo_id not in self.store.repos:
            raise Refusal(404, "Repository not found", "RepoNotFound")
        return self.store.repos[repo_id]


STOPPED = threading.Event()
"""Never set: waiting for it is a sleep."""


def whoami(_: Handler) -> Reply:
    return 200, {"type": "user", "name": "user", "orgs": [], "auth": {}}, {}


def validate_yaml(_: Handler) -> Reply:
    return 200, {"errors": [], "warnings": []}, {}


def create(call: Handler) -> Reply:
    asked = json.loads(call.body)
    repo_id = f"{asked.get('organization') or 'user'}/{asked['name']}"
    kind = "datasets/" if asked.get("type") == "dataset" else ""
    url = f"{call.base}/{kind}{repo_id}"
    if repo_id in call.store.repos:
        raise Refusal(409, "You already created this dataset repo", url=url)
    private = asked.get("visibility") == "private" or bool(asked.get("private"))
    call.store.create(repo_id, private=private)
    return 200, {"url": url, "name": repo_id, "id": repo_id}, {}


def info(call: Handler, repo_id: str, revision: str) -> Reply:
    repo = call.repo(repo_id)
    oid, files = repo.resolve(revision or "main")
    return (
        200,
        {
            "_id": "0" * 24,
            "id": repo_id,
            "author": repo_id.split("/")[0],
            "sha": oid,
            "private": repo.private,
            "gated": False,
            "disabled": False,
            "tags": [],
            "downloads": 0,
            "likes": 0,
            "createdAt": repo.created,
            "lastModified": repo.commits[oid].date,
            "siblings": [{"rfilename": path} for path in sorted(files)],
        },
        {},
    )


def preupload(call: Handler, repo_id: str, revision: str) -> Reply:
    files = call.repo(repo_id).resolve(revision)[1]
    told = []
    for asked in json.loads(call.body)["files"]:
        path = asked["path"]
        mode = "lfs" if is_large(path, asked["size"]) else "regular"
        row = {"path": path, "uploadMode": mode, "shouldIgnore": False}
        if path in files:
            row["oid"] = files[path].sha256 or files[path].oid
        told.append(row)
    return 200, {"files": told}, {}


def batch(call: Handler, repo_id: str) -> Reply:
    repo = call.repo(repo_id)
    objects = []
    for asked in json.loads(call.body)["objects"]:
        row = {"oid": asked["oid"], "size": asked["size"]}
        if asked["oid"] not in repo.blobs:  # without actions the client uploads nothing
            place = f"{call.base}/large/{repo_id}"
            actions = {"upload": {"href": f"{place}/{asked['oid']}"}}
            row["actions"] = actions | {"verify": {"href": f"{place}/verify"}}
        objects.append(row)
    return 200, {"transfer": "basic", "objects": objects}, LFS_JSON


def put_large(call: Handler, repo_id: str, sha256: str) -> Reply:
    if hashlib.sha256(call.body).hexdigest() != sha256:
        raise Refusal(400, "The content has another hash")
    call.repo(repo_id).blobs[sha256] = call.body
    return 200, b"", {"ETag": f'"{sha256}"'}


def verify_large(call: Handler, repo_id: str) -> Reply:
    asked = json.loads(call.body)
    if len(call.repo(repo_id).blobs.get(asked["oid"], b"")) != asked["size"]:
        raise Refusal(404, "Object not found")
    return 200, {"message": "ok"}, {}


def commit(call: Handler, repo_id: str, revision: str) -> Reply:
    repo = call.repo(repo_id)
    head, files = repo.resolve(revision)
    lines = [json.loads(line) for line in call.body.splitlines() if line.strip()]
    header = next(line["value"] for line in lines if line["key"] == "header")
    if (parent := header.get("parentCommit")) and not head.startswith(parent):
        raise Refusal(412, "A commit has happened since. Please refresh and try again.")
    changed = dict(files)
    for line in lines:
        apply(changed, repo, line["key"], line["value"])
    oid = call.store.commit(repo, revision, changed, header["summary"])
    call.store.on_commit()
    url = f"{call.base}/datasets/{repo_id}/commit/{oid}"
    return 200, {"success": True, "commitOid": oid, "commitUrl": url, "hookOutput": ""}, {}


def apply(files: Files, repo: Repo, key: str, value: dict[str, Any]) -> None:
    path = value.get("path", "")
    if key == "file":
        files[path] = File(base64.b64decode(value["content"]))
    elif key == "lfsFile":
        if value["oid"] not in repo.blobs:
            raise Refusal(400, f"LFS pointer points to a file that does not exist: {value['oid']}")
        files[path] = File.large(value["oid"], len(repo.blobs[value["oid"]]))
    elif key == "deletedFile" and files.pop(path, None) is None:
        raise Refusal(404, "A file with this name doesn't exist", "EntryNotFound")
    elif key == "deletedFolder":
        for known in [known for known in files if known.startswith(path.rstrip("/") + "/")]:
            del files[known]


def entry(path: str, file: File) -> dict[str, Any]:
    row: dict[str, Any] = {"type": "file", "oid": file.oid, "size": file.size, "path": path}
    if file.sha256:
        pointer = {"oid": file.sha256, "size": file.size, "pointerSize": len(file.data)}
        row["lfs"] = pointer
    return row


def folder(path: str) -> dict[str, Any]:
    oid = hashlib.sha1(path.encode()).hexdigest()
    return {"type": "directory", "oid": oid, "size": 0, "path": path}


def tree(call: Handler, repo_id: str, revision: str, place: str) -> Reply:
    files = call.repo(repo_id).resolve(revision)[1]
    deep = call.query.get("recursive", "").lower() == "true"
    prefix = f"{place.strip('/')}/" if place.strip("/") else ""
    folders: set[str] = set()
    found = []
    for path in sorted(path for path in files if path.startswith(prefix)):
        above = path.removeprefix(prefix).split("/")[:-1]
        seen = [prefix + "/".join(above[: depth + 1]) for depth in range(len(above))]
        folders.update(seen if deep else seen[:1])
        if deep or not above:
            found.append(entry(path, files[path]))
    rows = [folder(path) for path in sorted(folders)] + found
    if prefix and not rows:
        raise Refusal(404, f"{place} does not exist", "EntryNotFound")
    return page(call, rows)


def page(call: Handler, rows: list[dict[str, Any]]) -> Reply:
    start = int(call.query.get("cursor", 0))
    if start + PAGE >= len(rows):
        return 200, rows[start:], {}
    deep = call.query.get("recursive", "false")
    link = f"{call.base}{urlsplit(call.path).path}?recursive={deep}&cursor={start + PAGE}"
    return 200, rows[start : start + PAGE], {"Link": f'<{link}>; rel="next"'}


def paths_info(call: Handler, repo_id: str, revision: str) -> Reply:
    files = call.repo(repo_id).resolve(revision)[1]
    is_json = "json" in call.headers.get("Content-Type", "")
    sent = call.body.decode()
    asked = json.loads(sent)["paths"] if is_json else parse_qs(sent).get("paths", [])
    rows = []
    for path in (path.strip("/") for path in asked):
        if path in files:
            rows.append(entry(path, files[path]))
        elif any(known.startswith(f"{path}/") for known in files):
            rows.append(folder(path))
    return 200, rows, {}


def refs(call: Handler, repo_id: str) -> Reply:
    branches = [
        {"name": name, "ref": f"refs/heads/{name}", "targetCommit": oid}
        for name, oid in call.repo(repo_id).refs.items()
    ]
    tags = [
        {"name": name, "ref": f"refs/tags/{name}", "targetCommit": oid}
        for name, oid in call.repo(repo_id).tags.items()
    ]
    return 200, {"branches": branches, "converts": [], "tags": tags, "pullRequests": []}, {}


def tag(call: Handler, repo_id: str, revision: str) -> Reply:
    repo = call.repo(repo_id)
    if call.command == "DELETE":
        if repo.tags.pop(revision, None) is None:
            raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return 200, {}, {}
    name = json.loads(call.body)["tag"]
    if name in repo.tags:
        raise Refusal(409, f"Tag {name} already exists")
    repo.tags[name] = repo.resolve(revision)[0]
    return 200, {}, {}


def commits(call: Handler, repo_id: str, revision: str) -> Reply:
    rows = [
        {"id": oid, "title": row.title, "message": "", "date": row.date, "authors": []}
        for oid, row in call.repo(repo_id).history(revision)
    ]
    return 200, rows, {}


def squash(call: Handler, repo_id: str, branch: str) -> Reply:
    call.store.squash(call.repo(repo_id), branch, json.loads(call.body).get("message", "squash"))
    return 200, {}, {}


def large_files(call: Handler, repo_id: str) -> Reply:
    repo = call.repo(repo_id)
    named = {
        file.sha256: path
        for row in repo.commits.values()
        for path, file in row.files.items()
        if file.sha256
    }
    rows = [
        {
            "fileOid": sha256,
            "filename": named.get(sha256, ""),
            "oid": sha256,
            "pushedAt": repo.created,
            "ref": "refs/heads/main",
            "size": len(data),
        }
        for sha256, data in repo.blobs.items()
    ]
    return 200, rows, {}


def delete_large(call: Handler, repo_id: str) -> Reply:
    asked = json.loads(call.body)["deletions"]
    call.store.delete_large(
        call.repo(repo_id), asked["sha"], rewrite_history=asked["rewriteHistory"]
    )
    return 200, {}, {}


def resolve(call: Handler, repo_id: str, revision: str, path: str) -> Reply:
    repo = call.repo(repo_id)
    oid, files = repo.resolve(revision)
    if path not in files:
        raise Refusal(404, "Entry not found", "EntryNotFound")
    file = files[path]
    data = repo.content(file)
    etag = file.sha256 or file.oid
    headers = {"X-Repo-Commit": oid, "ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
    if file.sha256:
        headers |= {"X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(file.size)}
    wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", call.headers.get("Range") or "")
    if wanted is None or call.command == "HEAD":
        return 200, data, headers
    first, last = span(wanted[1], wanted[2], len(data))
    return (
        206,
        data[first : last + 1],
        headers | {"Content-Range": f"bytes {first}-{last}/{len(data)}"},
    )


def span(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(0, size - int(last)), size - 1
    if int(first) >= size:
        raise Refusal(416, "Range not satisfiable")
    return int(first), min(int(last), size - 1) if last else size - 1


REPO = r"([^/]+/[^/]+)"
API = rf"/api/(?:datasets|models)/{REPO}"
ROUTES: list[tuple[str, Callable[..., Reply]]] = [
    (r"/api/whoami-v2", whoami),
    (r"/api/validate-yaml", validate_yaml),
    (r"/api/repos/create", create),
    (rf"{API}/preupload/([^/]+)", preupload),
    (rf"(?:/datasets)?/{REPO}\.git/info/lfs/objects/batch", batch),
    (rf"/large/{REPO}/verify", verify_large),
    (rf"/large/{REPO}/([0-9a-f]{{64}})", put_large),
    (rf"{API}/commit/([^/]+)", commit),
    (rf"{API}/tree/([^/]+)/?(.*)", tree),
    (rf"{API}/paths-info/([^/]+)", paths_info),
    (rf"{API}/refs", refs),
    (rf"{API}/tag/([^/]+)", tag),
    (rf"{API}/commits/([^/]+)", commits),
    (rf"{API}/super-squash/([^/]+)", squash),
    (rf"{API}/lfs-files", large_files),
    (rf"{API}/lfs-files/batch", delete_large),
    (rf"{API}(?:/revision/([^/]+))?", info),
    (rf"(?:/datasets)?/{REPO}/resolve/([^/]+)/(.+)", resolve),
]


class Server(ThreadingHTTPServer):
    """A thread per connection; broken connections are part of the game."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@dataclass(frozen=True)
class LoopbackHub:
    """A running hub."""

    url: str
    store: HubStore

    @classmethod
    @contextmanager
    def started(cls, token: str = TOKEN) -> Iterator["LoopbackHub"]:
        store = HubStore(token)
        server = Server(("127.0.0.1", 0), type("OneHub", (Handler,), {"store": store}))
        url = f"http://127.0.0.1:{server.server_address[1]}"
        server.RequestHandlerClass.base = url  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield cls(url, store)
        finally:
            server.shutdown()
            server.server_close()

    @property
    def variables(self) -> dict[str, str]:
        """For a client in another process; the one that tests run in is off-line."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_TOKEN": TOKEN,
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }

    @property
    def environment(self) -> dict[str, str]:
        """The same with everything else that a process needs."""
        return {**os.environ, **self.variables}

    def point_here(self, patch: pytest.MonkeyPatch) -> None:
        """For the clients in this process, whose settings were read at their import."""
        from huggingface_hub import constants

        patch.setattr(constants, "HF_HUB_OFFLINE", False)
        patch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        patch.setattr(constants, "ENDPOINT", self.url)
        template = self.url + "/{repo_id}/resolve/{revision}/{filename}"
        patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        patch.setenv("HF_TOKEN", TOKEN)

    def files(self, repo_id: str, revision: str = "main") -> dict[str, bytes]:
        """What a repo holds at a revision."""
        repo = self.store.repos[repo_id]
        with self.store.lock:
            return {path: repo.content(file) for path, file in repo.resolve(revision)[1].items()}

    def rows(self, repo_id: str) -> list[dict[str, Any]]:
        """All rows of all shards at the head."""
        import pyarrow.parquet as pq

        found: list[dict[str, Any]] = []
        for path, data in sorted(self.files(repo_id).items()):
            if path.endswith(".parquet"):
                found += pq.read_table(io.BytesIO(data)).to_pylist()
        return found

    def file_url(self, repo_id: str, revision: str, path: str) -> str:
        return f"{self.url}/datasets/{repo_id}/resolve/{revision}/{quote(path)}"
