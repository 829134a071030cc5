"""Keys in their four places, names a browser may use, origins that may read."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from a2a.errors import Forbidden, WrongKey
from a2a.secret import Secret
from a2a.server.guard import Guard

KEYS = {"default": Secret("sk-server"), "laptop": Secret("schlüssel")}


def guard(*, loopback: bool = True, hosts: tuple[str, ...] = (), origins: tuple[str, ...] = ()) -> Guard:
    return Guard(KEYS, loopback=loopback, allow_host=list(hosts), allow_origin=list(origins))


def request(path: str = "/", **headers: str) -> web.Request:
    return make_mocked_request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    "sent",
    [
        request(Authorization="Bearer sk-server"),
        request(Authorization="bearer   sk-server "),
        request(x_api_key="sk-server"),
        request(x_goog_api_key=" sk-server "),
        request("/?key=sk-server"),
        request("/?key=wrong", Authorization="Bearer sk-server"),
        request(Authorization="Basic abc", x_api_key="sk-server"),
        request(Authorization="Bearer login-of-the-agent", x_api_key="sk-server"),
    ],
)
def test_the_key_in_any_of_its_places(sent: web.Request) -> None:
    assert guard().client(sent) == "default"


def test_every_client_has_a_name() -> None:
    assert guard().client(request(x_api_key="schlüssel")) == "laptop"


@pytest.mark.parametrize("sent", [request(x_api_key="sk-serve"), request(x_api_key="SK-SERVER"), request("/?key=x")])
def test_a_wrong_key(sent: web.Request) -> None:
    with pytest.raises(WrongKey, match="invalid a2a key") as caught:
        guard().client(sent)
    assert caught.value.status == 401
    assert "sk-server" not in str(caught.value)


@pytest.mark.parametrize(
    "sent", [request(), request("/?key="), request(Authorization="Basic abc"), request(x_api_key="")]
)
def test_no_key(sent: web.Request) -> None:
    with pytest.raises(WrongKey, match="a key is missing"):
        guard().client(sent)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:3000", "LOCALHOST:3000", "127.0.0.1:1", "[::1]", "[::1]:3000", "my.box:80"]
)
def test_names_of_this_machine(host: str) -> None:
    guard(hosts=("My.Box",)).host(request(Host=host))


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3000", "localhost.evil.example", "[::2]:80", "", ":80"])
def test_a_foreign_name_on_loopback_is_refused(host: str) -> None:
    with pytest.raises(Forbidden, match="is not allowed here") as caught:
        guard().host(request(Host=host))
    assert "--allow-host" in (caught.value.hint or "")


def test_elsewhere_the_name_does_not_matter() -> None:
    guard(loopback=False).host(request(Host="any.example"))


def test_without_an_origin_there_is_nothing_to_say() -> None:
    assert guard().cors(request()) == {}


@pytest.mark.parametrize("allowed", ["https://app.example", "*"])
def test_an_allowed_origin_gets_its_headers(allowed: str) -> None:
    sent = request(Origin="https://app.example", Access_Control_Request_Headers="x-api-key")
    assert guard(origins=(allowed,)).cors(sent) == {
        "Access-Control-Allow-Origin": "https://app.example",
        "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
        "Access-Control-Allow-Headers": "x-api-key",
        "Access-Control-Expose-Headers": "*",
        "Vary": "Origin",
    }


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://app.example.evil", "http://app.example"])
def test_any_other_origin_is_refused(origin: str) -> None:
    with pytest.raises(Forbidden, match="is not allowed"):
        guard(origins=("https://app.example",)).cors(request(Origin=origin))


@pytest.mark.parametrize("said", ["http://App.example:5173", "http://app.example:5173/"])
def test_an_origin_as_people_write_it(said: str) -> None:
    answer = guard(origins=(said,)).cors(request(Origin="http://app.example:5173"))
    assert answer["Access-Control-Allow-Origin"] == "http://app.example:5173"
