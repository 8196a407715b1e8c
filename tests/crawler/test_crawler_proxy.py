"""The browser's way out: a hostile page tries every way inward, and nothing gets there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Error as PlaywrightError

from crawler.browser import find_browser
from crawler.proxy import Proxy, Target
from crawler.tabs import Browser, Page, Plan

LOOPBACK = "127.0.0.1"


class Sites:
    """A shop that is allowed, and a victim on another port of this machine that nothing may reach."""

    def __init__(self) -> None:
        self.touched: list[str] = []
        self.pages: dict[str, str] = {}
        self.seen: list[Any] = []

    async def __aenter__(self) -> Sites:
        shop, victim = web.Application(), web.Application()
        shop.router.add_get("/{path:.*}", self._shop)
        victim.router.add_route("*", "/{path:.*}", self._victim)
        self._runners = [web.AppRunner(app, access_log=None, shutdown_timeout=0.1) for app in (shop, victim)]
        ports = []
        for runner in self._runners:
            await runner.setup()
            await web.TCPSite(runner, LOOPBACK, 0).start()
            ports.append(runner.addresses[0][1])
        self.port, self.victim_port = ports
        self.url, self.victim = (f"http://{LOOPBACK}:{port}" for port in ports)
        return self

    async def __aexit__(self, *_: object) -> None:
        for runner in self._runners:
            await runner.cleanup()

    async def _shop(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        self.seen.append((path, dict(request.cookies)))
        if path == "redirect":
            raise web.HTTPFound(f"{self.victim}/redirected")
        if path == "huge":
            answer = web.StreamResponse(headers={"Content-Type": "text/html"})
            await answer.prepare(request)
            for _ in range(400):
                await answer.write(b"<p>" + b"x" * 65536)
            return answer
        return web.Response(text=self.pages.get(path, "<h1>shop</h1>"), content_type="text/html")

    async def _victim(self, request: web.Request) -> web.Response:
        self.touched.append(request.path)
        return web.Response(text="secret")


def run(test: Callable[[Sites, Browser], Awaitable[None]], *, most_bytes: int | None = None) -> None:
    """Run a test with both sites and a browser that may go to the shop alone."""

    async def body() -> None:
        async with Sites() as sites:
            target = Target(LOOPBACK, sites.port)
            browser = Browser(find_browser(), user_agent="t", language="ko", open_targets=frozenset({target}))
            if most_bytes:
                browser.chromium.proxy = Proxy(frozenset({target}), most_bytes=most_bytes)
            try:
                await test(sites, browser)
            finally:
                await browser.close()

    asyncio.run(body())


async def visit(browser: Browser, url: str, seconds: float = 1.0) -> Page:
    """Visit a page and give its scripts a moment."""
    until = asyncio.get_running_loop().time() + seconds
    return await browser.visit(
        url, Plan(fields=lambda *_: frozenset() if asyncio.get_running_loop().time() > until else None), timeout=10
    )


def test_a_page_cannot_make_the_browser_reach_inward() -> None:
    """Frames, images, scripts, fetch, sockets, beacons, forms and script redirects all end at the proxy."""

    async def test(sites: Sites, browser: Browser) -> None:
        inward = sites.victim
        sites.pages["hostile"] = f"""<h1>goods</h1><iframe src="{inward}/frame"></iframe><img src="{inward}/image">
            <script src="{inward}/script"></script><link rel=stylesheet href="{inward}/style">
            <link rel=preload as=fetch href="{inward}/preload"><script>
            fetch("{inward}/fetch", {{mode: "no-cors"}}); navigator.sendBeacon("{inward}/beacon");
            new WebSocket("{inward.replace("http", "ws")}/socket"); new EventSource("{inward}/events");
            new Worker(URL.createObjectURL(new Blob(["fetch('{inward}/worker', {{mode: 'no-cors'}})"])));
            </script>"""
        page = await visit(browser, f"{sites.url}/hostile")
        assert "goods" in page.html
        assert sites.touched == []
        assert f"{LOOPBACK}:{sites.victim_port}" in browser.chromium.proxy.refused

    run(test)


@pytest.mark.parametrize("way", ["redirect", "script"])
def test_a_page_cannot_lead_the_browser_inward(way: str) -> None:
    """Nor can it send the whole tab there, by a redirect of HTTP or of its own."""

    async def test(sites: Sites, browser: Browser) -> None:
        sites.pages["script"] = f"<h1>goods</h1><script>location = '{sites.victim}/scripted'</script>"
        page = await visit(browser, f"{sites.url}/{way}")
        assert "secret" not in page.html
        assert sites.touched == []

    run(test)


def test_a_page_that_never_ends_is_cut_off() -> None:
    """The proxy ends a connection that sends more than is allowed; the browser lives."""

    async def test(sites: Sites, browser: Browser) -> None:
        with contextlib.suppress(PlaywrightError):  # Chromium may call it a failed load, depending on where it was cut
            page = await browser.visit(f"{sites.url}/huge", Plan(), timeout=10)
            assert len(page.html) < 8_000_000
        assert "too many bytes" in browser.chromium.proxy.refused
        assert "shop" in (await browser.visit(f"{sites.url}/", Plan(), timeout=10)).html

    run(test, most_bytes=2_000_000)


@pytest.mark.parametrize("button", [None, "#more"])
def test_a_list_is_loaded_to_its_end(button: str | None) -> None:
    """By scrolling, with pauses in which nothing comes, or by a button under a banner that covers the page."""

    async def test(sites: Sites, browser: Browser) -> None:
        event = "more.onclick" if button else "window.onscroll"
        sites.pages["list"] = f"""<div style="position:fixed;inset:0;z-index:9">cookies?</div><ul id=list></ul>
            <button id=more>more</button><div style="height:3000px"></div><script>
            let busy = false, add = () => {{ for (let i = 0; i < 20 && list.children.length < 120; i++)
              list.insertAdjacentHTML("beforeend", "<li class=hit style='height:60px'>x</li>"); }};
            add(); {event} = () => {{ if (!busy) {{ busy = true; setTimeout(() => {{ add(); busy = false }}, 700) }} }};
            </script>"""
        page = await browser.visit(f"{sites.url}/list", Plan(".hit", 1000, button), timeout=10)
        assert page.html.count('class="hit"') == 120

    run(test)


def test_a_tab_leaves_nothing_to_the_next_visit() -> None:
    """Cookies, local and session storage, databases, caches, the tab's name and its workers are gone."""

    async def test(sites: Sites, browser: Browser) -> None:
        sites.pages["leave"] = """<h1>x</h1><script>
            document.cookie = "mark=1"; localStorage.mark = 1; sessionStorage.mark = 1; window.name = "mark";
            indexedDB.open("mark"); caches.open("mark");
            navigator.serviceWorker && navigator.serviceWorker.register("/leave").catch(() => 0);
            </script>"""
        sites.pages["look"] = """<h1>x</h1><pre id=found></pre><script>(async () => {
            const names = (await indexedDB.databases()).map(d => d.name);
            const workers = navigator.serviceWorker ? await navigator.serviceWorker.getRegistrations() : [];
            found.textContent = JSON.stringify([document.cookie, localStorage.mark, sessionStorage.mark, window.name,
              names, await caches.keys(), workers.length, history.length <= 50]); found.className = "done";
            })()</script>"""
        await visit(browser, f"{sites.url}/leave", 0.5)
        page = await browser.visit(f"{sites.url}/look", Plan(wait_for=".done"), timeout=10)
        assert '["",null,null,"",[],[],0,true]' in page.html, page.html
        assert [cookies for _, cookies in sites.seen] == [{}] * len(sites.seen)

    run(test)


def test_a_killed_browser_renderer_or_driver_is_replaced() -> None:
    """A visit under way fails with an error; the next one starts what is missing."""

    async def test(sites: Sites, browser: Browser) -> None:
        await browser.visit(f"{sites.url}/", Plan(), timeout=10)
        for words, but in (("--remote-debugging-pipe", "--type="), ("--type=renderer", "\0"), ("run-driver", "\0")):
            kill(words, but=but)
            for _ in range(3):
                try:
                    page = await browser.visit(f"{sites.url}/", Plan(), timeout=10)
                    break
                except Exception:  # noqa: BLE001 -- how the death shows depends on what it interrupts
                    continue
            assert "shop" in page.html

    run(test)


def kill(words: str, *, but: str = "\0") -> None:
    """Kill the process that this one started, directly or not, whose command line has these words."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _descends(int(entry.name), os.getpid()):
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if words in line and but not in line:
                os.kill(int(entry.name), signal.SIGKILL)
                return
    raise AssertionError(f"nothing runs with {words}")


def _descends(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            return False
    return False


def test_a_name_that_changes_its_mind_gains_nothing() -> None:
    """What was checked is connected to: a name that is public first and loopback afterwards is asked once."""

    async def body() -> None:
        async with Sites() as sites:
            answers = [["203.0.113.7"], [LOOPBACK]]
            asked: list[str] = []

            async def resolve(host: str, port: int) -> list[str]:
                asked.append(host)
                return answers[min(len(asked), 2) - 1]

            proxy = Proxy(resolve=resolve)
            address = await proxy.start()
            try:
                for _ in range(2):
                    reader, writer = await asyncio.open_connection(LOOPBACK, int(address.rsplit(":", 1)[1]))
                    writer.write(f"GET http://rebind.example:{sites.victim_port}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                    head = await asyncio.wait_for(reader.read(12), 15)
                    assert head in (b"HTTP/1.1 502", b"HTTP/1.1 403")
                    writer.close()
            finally:
                await proxy.close()
            assert sites.touched == []

    asyncio.run(body())


@pytest.mark.parametrize(
    "line",
    [
        b"GET /\r\n\r\n",
        b"\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\n\r\n",
        b"CONNECT : HTTP/1.1\r\n\r\n",
        b"\xff" * 70_000,
    ],
)
def test_nonsense_ends_its_connection_only(line: bytes) -> None:
    """The proxy goes on serving."""

    async def body() -> None:
        proxy = Proxy()
        address = await proxy.start()
        try:
            for _ in range(2):
                reader, writer = await asyncio.open_connection(LOOPBACK, int(address.rsplit(":", 1)[1]))
                writer.write(line)
                assert b"secret" not in await asyncio.wait_for(reader.read(), 10)
                writer.close()
        finally:
            await proxy.close()

    asyncio.run(body())


def _elsewhere(port: int, profile: Path) -> subprocess.Popen[bytes]:
    """A Chromium that somebody else started, to be steered from afar."""
    rootless = ["--no-sandbox"] if os.geteuid() == 0 else []
    return subprocess.Popen(
        [
            find_browser(), "--headless=new", *rootless, f"--remote-debugging-port={port}", "--remote-debugging-address=127.0.0.1",
            f"--user-data-dir={profile}", "--no-first-run",
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def test_a_browser_elsewhere_is_used_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`TOUCHSTONE_BROWSER_CDP` names it; when it was killed and has come back, the next visit but one succeeds."""
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("TOUCHSTONE_BROWSER_CDP", f"http://{LOOPBACK}:{port}")

    async def seen(browser: Browser, url: str) -> bool:
        for _ in range(40):  # it takes its time to start
            with contextlib.suppress(PlaywrightError):
                return "shop" in (await browser.visit(url, Plan(), timeout=10)).html
            await asyncio.sleep(0.5)
        return False

    async def test(sites: Sites, browser: Browser) -> None:
        for life in range(2):
            started = _elsewhere(port, tmp_path / str(life))
            try:
                assert await seen(browser, f"{sites.url}/")
            finally:
                started.kill()
                started.wait()
            with pytest.raises(PlaywrightError):
                await browser.visit(f"{sites.url}/", Plan(), timeout=5)
        await browser.close()

    run(test)
